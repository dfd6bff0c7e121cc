#include "link/channels.h"

#include "wire/frame.h"
#include <stdlib.h>

#define DECAY_MS 2000
#define DECAY 0.8

/* A queued message. Those beyond queue_max - at most one, the last - wait for room. */
struct outgoing {
    struct outgoing *next; /* the last one's is the first */
    size_t n, sent;
    int64_t expires_ms; /* when waiting for room */
    uint8_t bytes[];
};

void channels_announce(struct link *link, const struct node_info *info)
{
    for (size_t i = 0; i < link->settings->channels_n; i++)
        link->channels[i].announced = node_info_has_channel(info, link->settings->channels[i].id);
}

struct channel *channels_find(struct link *link, uint8_t id, const struct link_channel **setting)
{
    const struct link_settings *settings = link->settings;
    for (size_t i = 0; i < settings->channels_n; i++) {
        if (settings->channels[i].id == id) {
            if (setting)
                *setting = &settings->channels[i];
            return &link->channels[i];
        }
    }
    return NULL;
}

static void queue_push(struct channel *channel, struct outgoing *message)
{
    if (channel->last) {
        message->next = channel->last->next;
        channel->last->next = message;
    } else {
        message->next = message;
    }
    channel->last = message;
    channel->queued_n++;
}

/* Unlinks the message after `before`, which is the first when `before` is the last. */
static void queue_remove_after(struct channel *channel, struct outgoing *before)
{
    struct outgoing *gone = before->next;
    before->next = gone->next;
    if (gone == channel->last)
        channel->last = gone == before ? NULL : before;
    channel->queued_n--;
    free(gone);
}

enum err link_send(struct link *link, struct now now, uint8_t id, struct span bytes)
{
    link->seen_ms = now.mono_ms;
    const struct link_channel *setting;
    struct channel *channel = channels_find(link, id, &setting);
    if (!link_is_established(link) || !channel || !channel->announced)
        return ERR_CHANNEL_UNKNOWN;
    uint32_t waiting_max = link->settings->send_timeout_ms > 0;
    if (channel->queued_n >= setting->queue_max + waiting_max)
        return ERR_FULL;
    struct outgoing *message = malloc(sizeof *message + bytes.n);
    if (!message)
        return ERR_NO_MEMORY;
    *message = (struct outgoing){
        .n = bytes.n, .expires_ms = now.mono_ms + link->settings->send_timeout_ms};
    if (bytes.n > 0)
        memcpy(message->bytes, bytes.at, bytes.n);
    queue_push(channel, message);
    link->queued_bytes += bytes.n;
    int64_t flush_ms = now.mono_ms;
    if (link->queued_bytes < FRAME_DATA_MAX)
        flush_ms += link->settings->flush_throttle_ms;
    link->flush_from_ms = earlier_ms(link->flush_from_ms, flush_ms);
    return ERR_OK;
}

/* The channel whose turn it is, or channels_n. */
static size_t channels_next(const struct link *link)
{
    const struct link_settings *settings = link->settings;
    size_t next = settings->channels_n;
    float least = 0;
    for (size_t i = 0; i < settings->channels_n; i++) {
        const struct channel *channel = &link->channels[i];
        if (!channel->last)
            continue;
        float share = (float)channel->recently_sent / (float)settings->channels[i].priority;
        if (next == settings->channels_n || share < least) {
            next = i;
            least = share;
        }
    }
    return next;
}

bool channels_peek(struct link *link, struct packet *packet)
{
    const struct link_settings *settings = link->settings;
    size_t next = channels_next(link);
    if (next == settings->channels_n)
        return false;
    const struct outgoing *message = link->channels[next].last->next;
    size_t left = message->n - message->sent;
    size_t payload_max =
        settings->payload_max < PACKET_PAYLOAD_MAX ? settings->payload_max : PACKET_PAYLOAD_MAX;
    *packet = (struct packet){
        .kind = PACKET_MSG,
        .channel = settings->channels[next].id,
        .eof = left <= payload_max,
        .data = span_of(message->bytes + message->sent, left < payload_max ? left : payload_max),
    };
    return true;
}

void channels_sent(struct link *link, const struct packet *packet, size_t size)
{
    struct channel *channel = channels_find(link, packet->channel, NULL);
    channel->recently_sent += size;
    channel->last->next->sent += packet->data.n;
    link->queued_bytes -= packet->data.n;
    if (packet->eof)
        queue_remove_after(channel, channel->last);
    if (channels_are_empty(link))
        link->flush_from_ms = NEVER_MS;
}

bool channels_are_empty(const struct link *link)
{
    for (size_t i = 0; i < link->settings->channels_n; i++) {
        if (link->channels[i].last)
            return false;
    }
    return true;
}

static uint64_t decayed(uint64_t sent, int64_t steps)
{
    while (sent > 0 && steps-- > 0)
        sent = (uint64_t)((double)sent * DECAY);
    return sent;
}

void channels_decay(struct link *link, int64_t now_ms)
{
    int64_t steps = (now_ms - link->decayed_ms) / DECAY_MS;
    link->decayed_ms += steps * DECAY_MS;
    for (size_t i = 0; i < link->settings->channels_n; i++)
        link->channels[i].recently_sent = decayed(link->channels[i].recently_sent, steps);
}

static bool channel_has_waiting(const struct link *link, size_t i)
{
    return link->channels[i].queued_n > link->settings->channels[i].queue_max;
}

int64_t channels_deadline_ms(const struct link *link)
{
    int64_t deadline_ms = NEVER_MS;
    for (size_t i = 0; i < link->settings->channels_n; i++) {
        if (channel_has_waiting(link, i))
            deadline_ms = earlier_ms(deadline_ms, link->channels[i].last->expires_ms);
    }
    return deadline_ms;
}

static void drop_last(struct link *link, struct channel *channel)
{
    struct outgoing *before = channel->last;
    while (before->next != channel->last)
        before = before->next;
    link->queued_bytes -= channel->last->n;
    queue_remove_after(channel, before);
}

void channels_expire(struct link *link, int64_t now_ms)
{
    for (size_t i = 0; i < link->settings->channels_n; i++) {
        struct channel *channel = &link->channels[i];
        if (!channel_has_waiting(link, i) || channel->last->expires_ms > now_ms)
            continue;
        drop_last(link, channel);
        link->handler.send_failed(link->handler.context, link->settings->channels[i].id);
    }
}

void channels_free(struct link *link)
{
    for (size_t i = 0; i < LINK_CHANNELS_MAX; i++) {
        struct channel *channel = &link->channels[i];
        while (channel->last)
            queue_remove_after(channel, channel->last);
        buffer_free(&channel->incoming);
    }
    link->queued_bytes = 0;
    link->flush_from_ms = NEVER_MS;
}

size_t channels_memory(const struct link *link)
{
    size_t sum = 0;
    for (size_t i = 0; i < LINK_CHANNELS_MAX; i++) {
        const struct channel *channel = &link->channels[i];
        sum += buffer_memory(channel->incoming);
        const struct outgoing *message = channel->last;
        for (uint32_t k = 0; k < channel->queued_n; k++, message = message->next)
            sum += sizeof *message + message->n;
    }
    return sum;
}
