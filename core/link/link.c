#include "link/link.h"

#include "base/varint.h"
#include "link/channels.h"
#include "link/delimited.h"
#include "link/detail.h"
#include "link/handshake.h"
#include "link/stream.h"
#include "link/transmit.h"
#include "wire/frame.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct link) <= LINK_IDLE_BYTES, "an idle link stays small");

static void settings_check(const struct link_settings *settings)
{
    assert(settings->channels_n <= LINK_CHANNELS_MAX && settings->payload_max > 0);
    for (size_t i = 0; i < settings->channels_n; i++)
        assert(settings->channels[i].priority > 0 && settings->channels[i].queue_max > 0);
}

struct link *link_new(const struct link_settings *settings, struct link_handler handler,
    const struct peer_id *expected, const uint8_t ephemeral_secret[32], struct now now)
{
    settings_check(settings);
    struct link *link = calloc(1, sizeof *link);
    if (!link)
        return NULL;
    link->settings = settings;
    link->handler = handler;
    link->stage = STAGE_KEY_EXCHANGE;
    link->seen_ms = now.mono_ms;
    link->flush_from_ms = NEVER_MS;
    if (handshake_start(link, expected, ephemeral_secret, now.mono_ms) != ERR_OK) {
        link_free(link);
        return NULL;
    }
    return link;
}

/* Forgets the keys and gives back all memory but the struct and what is sealed already. */
static void let_go(struct link *link)
{
    handshake_end(link);
    channels_free(link);
    buffer_free(&link->frame);
    buffer_free(&link->message);
    link->ping = (struct ping){0};
    crypto_wipe(&link->seal, sizeof link->seal);
    crypto_wipe(&link->open, sizeof link->open);
}

void link_free(struct link *link)
{
    if (!link)
        return;
    let_go(link);
    buffer_free(&link->ready);
    free(link->detail);
    free(link);
}

static enum err fail(struct link *link, enum err err)
{
    link->failure = err;
    let_go(link);
    return err;
}

bool link_is_established(const struct link *link)
{
    return link->stage == STAGE_PACKETS && !link->failure;
}

bool link_has_heard_key(const struct link *link)
{
    return link->stage > STAGE_KEY_EXCHANGE;
}

/* What is held of a message that is too long is its length. */
static void tell_length(struct link *link, size_t body_max)
{
    struct span held = buffer_span(link->message);
    uint64_t n;
    if (varint_take(&held, &n) == ERR_OK)
        detail_too_long(link, n, body_max);
}

/* One delimited message of the current stage, or a part of one, off the front of *data. */
static enum err take_message(struct link *link, struct now now, struct span *data)
{
    bool in_stream = link->stage == STAGE_PACKETS;
    size_t body_max =
        in_stream ? packet_body_max(link->settings->payload_max) : handshake_body_max(link);
    struct span body;
    enum err err = delimited_take(&link->message, data, body_max, &body);
    if (err == ERR_TRUNCATED)
        return ERR_OK;
    if (err == ERR_TOO_LONG)
        tell_length(link, body_max);
    if (err)
        return err == ERR_TOO_LONG && in_stream ? ERR_PACKET_TOO_LONG : err;
    err = in_stream ? stream_take(link, now, body) : handshake_take(link, now, body);
    buffer_free(&link->message);
    return err;
}

static enum err take_frame(struct link *link, struct now now, uint8_t *sealed)
{
    struct span data;
    enum err err = frame_open(&link->open, sealed, &data);
    if (!err && data.n < CHATTER_FRAME_MAX)
        err = chatter_take(&link->chatter, now.mono_ms);
    while (!err && data.n > 0)
        err = take_message(link, now, &data);
    return err;
}

/* Takes one frame, or what there is of it: the first *taken of the bytes. */
static enum err take_sealed(
    struct link *link, struct now now, uint8_t *bytes, size_t n, size_t *taken)
{
    size_t kept = buffer_size(link->frame);
    *taken = n < FRAME_SEALED - kept ? n : FRAME_SEALED - kept;
    if (*taken == FRAME_SEALED)
        return take_frame(link, now, bytes);
    enum err err = buffer_append(&link->frame, span_of(bytes, *taken), FRAME_SEALED);
    if (err || kept + *taken < FRAME_SEALED)
        return err;
    err = take_frame(link, now, link->frame->bytes);
    buffer_free(&link->frame);
    return err;
}

static bool handshake_is_late(const struct link *link)
{
    return link->handshake && link->seen_ms >= handshake_deadline_ms(link);
}

enum err link_receive(struct link *link, struct now now, uint8_t *bytes, size_t n)
{
    if (link->failure)
        return link->failure;
    link->seen_ms = now.mono_ms;
    if (handshake_is_late(link))
        return fail(link, ERR_HANDSHAKE_TIMEOUT);
    enum err err = ERR_OK;
    while (n > 0 && !err) {
        struct span plain = span_of(bytes, n);
        size_t taken;
        if (link->stage == STAGE_KEY_EXCHANGE) {
            err = take_message(link, now, &plain);
            taken = n - plain.n;
        } else {
            err = take_sealed(link, now, bytes, n, &taken);
        }
        bytes += taken;
        n -= taken;
    }
    return err ? fail(link, err) : ERR_OK;
}

int64_t link_read_resume_ms(const struct link *link, struct now now)
{
    int64_t resume_ms = rate_resume_ms(&link->received, link->settings->recv_rate);
    return resume_ms > now.mono_ms ? resume_ms : now.mono_ms;
}

size_t link_transmit(struct link *link, struct now now, uint8_t *out, size_t cap)
{
    assert(cap >= LINK_TRANSMIT_MIN);
    link->seen_ms = now.mono_ms;
    size_t ready_n = buffer_size(link->ready);
    if (ready_n > cap)
        ready_n = cap;
    if (ready_n > 0) {
        memcpy(out, link->ready->bytes, ready_n);
        buffer_drop(&link->ready, ready_n);
    }
    if (link->ready || !link_is_established(link))
        return ready_n;
    return ready_n + transmit_packets(link, now, out + ready_n, cap - ready_n);
}

bool link_is_drained(const struct link *link)
{
    return !link->ready && channels_are_empty(link) && !link->ping.ping_due && !link->ping.pong_due;
}

void link_flush(struct link *link)
{
    link->flushing = true;
}

int64_t link_deadline(const struct link *link)
{
    if (link->failure)
        return NEVER_MS;
    if (link->handshake)
        return handshake_deadline_ms(link);
    int64_t deadline_ms = channels_deadline_ms(link);
    if (!link->flushing)
        deadline_ms = earlier_ms(deadline_ms, ping_deadline_ms(&link->ping));
    /* a moment already seen is link_transmit's business, which waits for room in the socket */
    int64_t transmit_ms = transmit_from_ms(link);
    return transmit_ms > link->seen_ms ? earlier_ms(deadline_ms, transmit_ms) : deadline_ms;
}

enum err link_tick(struct link *link, struct now now)
{
    if (link->failure)
        return link->failure;
    link->seen_ms = now.mono_ms;
    if (handshake_is_late(link))
        return fail(link, ERR_HANDSHAKE_TIMEOUT);
    if (link->stage != STAGE_PACKETS)
        return ERR_OK;
    channels_expire(link, now.mono_ms);
    if (link->flushing)
        return ERR_OK;
    const struct link_settings *settings = link->settings;
    enum err err =
        ping_tick(&link->ping, now.mono_ms, settings->ping_interval_ms, settings->pong_timeout_ms);
    return err ? fail(link, err) : ERR_OK;
}

const struct peer_id *link_peer_id(const struct link *link)
{
    return link->authenticated ? &link->peer_id : NULL;
}

const char *link_detail(const struct link *link)
{
    return link->detail;
}

size_t link_pending_bytes(const struct link *link)
{
    return buffer_size(link->ready) + link->queued_bytes;
}

size_t link_memory(const struct link *link)
{
    size_t detail = link->detail ? LINK_DETAIL_MAX + 1 : 0;
    return sizeof *link + detail + handshake_memory(link) + buffer_memory(link->frame) +
        buffer_memory(link->message) + buffer_memory(link->ready) + channels_memory(link);
}
