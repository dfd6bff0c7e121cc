#include "link/detail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX 50 /* bytes of a peer's text; the longest chain ID that CometBFT takes */

/* Out of memory: then nothing is said. */
__attribute__((format(printf, 2, 3))) static void say(struct link *link, const char *format, ...)
{
    va_list arguments;
    free(link->detail);
    link->detail = malloc(LINK_DETAIL_MAX + 1);
    if (!link->detail)
        return;
    va_start(arguments, format);
    vsnprintf(link->detail, LINK_DETAIL_MAX + 1, format, arguments);
    va_end(arguments);
}

static const char *shown(struct span text, char out[SHOWN_MAX + 1])
{
    size_t n = text.n < SHOWN_MAX ? text.n : SHOWN_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? (char)text.at[i] : '?';
    out[n] = 0;
    return n > 0 ? out : "empty";
}

/* "00 20", or "none" */
static const char *channels_text(struct span channels, char out[3 * NODE_INFO_CHANNELS_MAX + 1])
{
    size_t n = channels.n < NODE_INFO_CHANNELS_MAX ? channels.n : NODE_INFO_CHANNELS_MAX;
    for (size_t i = 0; i < n; i++)
        snprintf(out + 3 * i, 4, "%02x ", channels.at[i]);
    if (n == 0)
        return "none";
    out[3 * n - 1] = 0;
    return out;
}

void detail_wrong_id(struct link *link, const struct peer_id *expected)
{
    char dialed[PEER_ID_TEXT + 1], proven[PEER_ID_TEXT + 1];
    say(link, "dialed as %s, it is %s", peer_id_text(expected, dialed),
        peer_id_text(&link->peer_id, proven));
}

static void say_channels(struct link *link, const struct node_info *info)
{
    char ours[3 * NODE_INFO_CHANNELS_MAX + 1], theirs[3 * NODE_INFO_CHANNELS_MAX + 1];
    say(link, "our channels: %s, theirs: %s", channels_text(link->settings->own.channels, ours),
        channels_text(info->channels, theirs));
}

void detail_node_info(
    struct link *link, enum err err, const struct node_info *info, const char *invalid)
{
    const struct node_info *own = &link->settings->own;
    char ours[SHOWN_MAX + 1], theirs[SHOWN_MAX + 1], id[PEER_ID_TEXT + 1];
    switch (err) {
    case ERR_NODE_INFO:
        say(link, "%s", invalid);
        break;
    case ERR_NODE_INFO_ID:
        say(link, "it is %s, its node info says %s", peer_id_text(&link->peer_id, id),
            shown(info->id, theirs));
        break;
    case ERR_OTHER_BLOCK_VERSION:
        say(link, "our block protocol is %llu, theirs is %llu",
            (unsigned long long)own->block_version, (unsigned long long)info->block_version);
        break;
    case ERR_OTHER_NETWORK:
        say(link, "our network is %s, theirs is %s", shown(own->network, ours),
            shown(info->network, theirs));
        break;
    case ERR_NO_COMMON_CHANNEL:
        say_channels(link, info);
        break;
    default:
        break;
    }
}

void detail_too_long(struct link *link, uint64_t n, size_t max)
{
    if (link->stage == STAGE_PACKETS)
        say(link, "%llu bytes, at most %zu: p2p.max_packet_msg_payload_size is %u here",
            (unsigned long long)n, max, (unsigned)link->settings->payload_max);
    else
        say(link, "%llu bytes, at most %zu", (unsigned long long)n, max);
}

void detail_capacity(struct link *link, uint8_t channel, size_t max)
{
    say(link, "more than %zu bytes on channel %02x", max, channel);
}

void detail_unknown_channel(struct link *link, uint8_t channel)
{
    char ours[3 * NODE_INFO_CHANNELS_MAX + 1];
    say(link, "channel %02x, ours: %s", channel, channels_text(link->settings->own.channels, ours));
}
