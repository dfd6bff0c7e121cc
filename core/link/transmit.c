#include "link/transmit.h"

#include "link/channels.h"
#include "wire/frame.h"
#include <assert.h>

#define BATCH_PACKETS 10 /* sent between two looks at the limiter */
#define PACKET_SIZE_MAX (PACKET_PAYLOAD_MAX + 16)

/* Packs packets back to back into frames: full ones as they fill up, the rest at the end. */
struct packer {
    struct frame_cipher *seal;
    uint8_t *out;
    size_t written;
    size_t room; /* bytes of packets that still fit */
    size_t n;    /* bytes in plain */
    uint8_t plain[FRAME_DATA_MAX + PACKET_SIZE_MAX];
};

static void seal_frame(struct packer *packer, size_t n)
{
    frame_seal(packer->seal, span_of(packer->plain, n), packer->out + packer->written);
    packer->written += FRAME_SEALED;
    packer->n -= n;
    memmove(packer->plain, packer->plain + n, packer->n);
}

static bool packer_put(struct packer *packer, const struct packet *packet, size_t size)
{
    assert(size <= PACKET_SIZE_MAX);
    if (size > packer->room)
        return false;
    packet_encode(packet, packer->plain + packer->n);
    packer->n += size;
    packer->room -= size;
    while (packer->n >= FRAME_DATA_MAX)
        seal_frame(packer, FRAME_DATA_MAX);
    return true;
}

static size_t packer_end(struct packer *packer)
{
    if (packer->n > 0)
        seal_frame(packer, packer->n);
    return packer->written;
}

static bool put_control(
    struct link *link, struct now now, struct packer *packer, enum packet_kind kind)
{
    struct packet packet = {.kind = kind};
    size_t size = packet_size(&packet);
    if (!packer_put(packer, &packet, size))
        return false;
    rate_count(&link->sent, now.mono_ms, size);
    return true;
}

/* Pings and pongs do not wait for the limiter. */
static void put_ping_and_pong(struct link *link, struct now now, struct packer *packer)
{
    struct ping *ping = &link->ping;
    if (ping->pong_due && put_control(link, now, packer, PACKET_PONG))
        ping->pong_due = false;
    if (ping->ping_due && put_control(link, now, packer, PACKET_PING))
        ping_sent(ping, now.mono_ms);
}

/* False: nothing left, or no room for it. */
static bool put_message_packet(struct link *link, struct now now, struct packer *packer)
{
    struct packet packet;
    if (!channels_peek(link, &packet))
        return false;
    size_t size = packet_size(&packet);
    if (!packer_put(packer, &packet, size))
        return false;
    channels_sent(link, &packet, size);
    rate_count(&link->sent, now.mono_ms, size);
    return true;
}

static void put_messages(struct link *link, struct now now, struct packer *packer)
{
    bool more = true;
    while (more && rate_resume_ms(&link->sent, link->settings->send_rate) <= now.mono_ms) {
        for (unsigned i = 0; more && i < BATCH_PACKETS; i++)
            more = put_message_packet(link, now, packer);
    }
}

size_t transmit_packets(struct link *link, struct now now, uint8_t *out, size_t cap)
{
    bool control_due = link->ping.ping_due || link->ping.pong_due;
    bool messages_due = !channels_are_empty(link) &&
        (control_due || link->flushing || link->flush_from_ms <= now.mono_ms);
    if (!control_due && !messages_due)
        return 0;
    struct packer packer;
    packer.seal = &link->seal;
    packer.out = out;
    packer.written = 0;
    packer.room = cap / FRAME_SEALED * FRAME_DATA_MAX;
    packer.n = 0;
    put_ping_and_pong(link, now, &packer);
    channels_decay(link, now.mono_ms);
    if (messages_due)
        put_messages(link, now, &packer);
    return packer_end(&packer);
}

int64_t transmit_from_ms(const struct link *link)
{
    if (channels_are_empty(link))
        return NEVER_MS;
    int64_t resume_ms = rate_resume_ms(&link->sent, link->settings->send_rate);
    int64_t flush_ms = link->flushing ? INT64_MIN : link->flush_from_ms;
    return resume_ms > flush_ms ? resume_ms : flush_ms;
}
