/* A peer for benchmarks, without a node: one link on one blocking socket. */
#ifndef BENCH_RAW_PEER_H
#define BENCH_RAW_PEER_H

#include "uv/host.h"
#include "uv/machine.h"

#include <unistd.h>

struct raw_peer {
    int fd;
    bool established;
    struct node_key key;
    char id_text[PEER_ID_TEXT + 1], listen_text[ADDR_TEXT_MAX];
    struct link_settings settings; /* points at the texts above */
    struct link *link;
};

typedef enum err (*raw_peer_message)(void *context, uint8_t channel, struct span bytes);

static inline struct now raw_peer_now(void)
{
    return (struct now){.mono_ms = (int64_t)(uv_hrtime() / 1000000), .wall_ms = 0};
}

static inline void raw_peer_established(
    void *context, const struct peer_id *id, const struct node_info *info)
{
    (void)id;
    (void)info;
    ((struct raw_peer *)context)->established = true;
}

static inline void raw_peer_send_failed(void *context, uint8_t channel)
{
    (void)context;
    (void)channel;
}

static inline void raw_peer_round_trip(void *context, int64_t ms)
{
    (void)context;
    (void)ms;
}

/* Begins a handshake on a connected socket; peer->key and peer->fd are set. Borrows network.
 * expected: the dialed ID, NULL for an accepted connection. `message` gets the peer as context.
 * False: no memory or no entropy. */
static inline bool raw_peer_begin(struct raw_peer *peer, const struct endpoint *listen,
    const char *network, const struct peer_id *expected, raw_peer_message message)
{
    const struct link_handler handler = {
        raw_peer_established, message, raw_peer_send_failed, raw_peer_round_trip, peer};
    uint8_t secret[32];
    peer->settings = host_settings_default().link;
    peer->settings.flush_throttle_ms = 0;
    peer->settings.key = &peer->key;
    peer->settings.own.id = span_of_text(peer_id_text(&peer->key.id, peer->id_text));
    peer->settings.own.listen_addr = span_of_text(endpoint_to_text(listen, peer->listen_text));
    peer->settings.own.network = span_of_text(network);
    peer->settings.own.moniker = span_of_text("bench");
    if (!machine_entropy(secret, sizeof secret))
        return false;
    peer->link = link_new(&peer->settings, handler, expected, secret, raw_peer_now());
    return peer->link != NULL;
}

/* Writes what is due. False: the connection is gone. */
static inline bool raw_peer_write(struct raw_peer *peer)
{
    uint8_t out[4 * LINK_TRANSMIT_MIN];
    size_t n;
    while ((n = link_transmit(peer->link, raw_peer_now(), out, sizeof out)) > 0)
        if (write(peer->fd, out, n) != (ssize_t)n)
            return false;
    return true;
}

/* Takes what there is, waiting for it, and answers. False: the connection is gone. */
static inline bool raw_peer_read(struct raw_peer *peer)
{
    uint8_t in[16384];
    ssize_t n = read(peer->fd, in, sizeof in);
    return n > 0 && link_receive(peer->link, raw_peer_now(), in, (size_t)n) == ERR_OK &&
        raw_peer_write(peer);
}

static inline void raw_peer_end(struct raw_peer *peer)
{
    link_free(peer->link);
    close(peer->fd);
}

#endif
