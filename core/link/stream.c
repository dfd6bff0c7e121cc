#include "link/stream.h"

#include "base/varint.h"
#include "link/channels.h"
#include "link/detail.h"

/* Delivers the message that ends with `last`; one of a single packet is never copied. */
static enum err deliver(struct link *link, struct channel *channel, uint8_t id, struct span last)
{
    struct span whole = last;
    struct buffer *incoming = channel->incoming;
    channel->incoming = NULL;
    if (incoming)
        whole = buffer_span(incoming);
    enum err err = link->handler.message(link->handler.context, id, whole);
    buffer_free(&incoming);
    return err;
}

static enum err take_data(struct link *link, const struct packet *packet)
{
    const struct link_channel *setting;
    struct channel *channel = channels_find(link, packet->channel, &setting);
    if (!channel) {
        detail_unknown_channel(link, packet->channel);
        return ERR_CHANNEL_UNKNOWN;
    }
    size_t kept = buffer_size(channel->incoming);
    if (packet->data.n > setting->receive_max - kept) {
        detail_capacity(link, packet->channel, setting->receive_max);
        return ERR_CHANNEL_CAPACITY;
    }
    if (kept > 0 || !packet->eof) {
        enum err err = buffer_append(&channel->incoming, packet->data, setting->receive_max);
        if (err)
            return err;
    }
    return packet->eof ? deliver(link, channel, packet->channel, packet->data) : ERR_OK;
}

static void take_pong(struct link *link, struct now now)
{
    int64_t ms;
    if (ping_answered(&link->ping, now.mono_ms, &ms))
        link->handler.round_trip(link->handler.context, ms);
}

enum err stream_take(struct link *link, struct now now, struct span body)
{
    rate_count(&link->received, now.mono_ms, varint_size(body.n) + body.n);
    struct packet packet;
    enum err err = packet_decode(body, &packet);
    if (!err && packet.kind != PACKET_MSG)
        err = chatter_take(&link->chatter, now.mono_ms);
    if (err)
        return err;
    switch (packet.kind) {
    case PACKET_PING:
        link->ping.pong_due = true;
        return ERR_OK;
    case PACKET_PONG:
        take_pong(link, now);
        return ERR_OK;
    case PACKET_MSG:
        return take_data(link, &packet);
    }
    return ERR_PACKET_KIND;
}
