#include "wire/node_info.h"

#include "proto/p2p.pb-c.h"
#include "wire/proto.h"

enum err node_info_encode(const struct node_info *info, uint8_t *out, size_t cap, size_t *n)
{
    P2p__ProtocolVersion protocol = P2P__PROTOCOL_VERSION__INIT;
    P2p__DefaultNodeInfoOther other = P2P__DEFAULT_NODE_INFO_OTHER__INIT;
    P2p__DefaultNodeInfo message = P2P__DEFAULT_NODE_INFO__INIT;
    protocol.p2p = info->p2p_version;
    protocol.block = info->block_version;
    protocol.app = info->app_version;
    message.protocol_version = &protocol;
    message.default_node_id = proto_text(info->id);
    message.listen_addr = proto_text(info->listen_addr);
    message.network = proto_text(info->network);
    message.version = proto_text(info->version);
    message.channels = proto_text(info->channels);
    message.moniker = proto_text(info->moniker);
    other.tx_index = proto_text(info->tx_index);
    other.rpc_address = proto_text(info->rpc_address);
    message.other = &other;
    if (protobuf_c_message_get_packed_size(&message.base) > NODE_INFO_BODY_MAX ||
        proto_delimited_size(&message.base) > cap)
        return ERR_TOO_LONG;
    *n = proto_delimited_put(&message.base, out);
    return ERR_OK;
}

enum err node_info_decode(struct span body, struct node_info *info)
{
    P2p__ProtocolVersion protocol = P2P__PROTOCOL_VERSION__INIT;
    P2p__DefaultNodeInfoOther other = P2P__DEFAULT_NODE_INFO_OTHER__INIT;
    P2p__DefaultNodeInfo message = P2P__DEFAULT_NODE_INFO__INIT;
    message.protocol_version = &protocol;
    message.other = &other;
    enum err err = proto_read(body, &message.base);
    if (err)
        return err;
    *info = (struct node_info){
        .p2p_version = protocol.p2p,
        .block_version = protocol.block,
        .app_version = protocol.app,
        .id = proto_span(message.default_node_id),
        .listen_addr = proto_span(message.listen_addr),
        .network = proto_span(message.network),
        .version = proto_span(message.version),
        .channels = proto_span(message.channels),
        .moniker = proto_span(message.moniker),
        .tx_index = proto_span(other.tx_index),
        .rpc_address = proto_span(other.rpc_address),
    };
    return ERR_OK;
}

/* Every byte printable ASCII and at least one that is no space. */
static bool is_printable(struct span text)
{
    bool has_ink = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < 0x20 || text.at[i] > 0x7e)
            return false;
        has_ink |= text.at[i] != ' ';
    }
    return has_ink;
}

static bool is_printable_or_empty(struct span text)
{
    return text.n == 0 || is_printable(text);
}

static bool has_duplicate(struct span channels)
{
    bool seen[UINT8_MAX + 1] = {false};
    for (size_t i = 0; i < channels.n; i++) {
        if (seen[channels.at[i]])
            return true;
        seen[channels.at[i]] = true;
    }
    return false;
}

static bool is_switch(struct span text)
{
    return text.n == 0 || span_equal(text, span_of_text("on")) ||
        span_equal(text, span_of_text("off"));
}

/* The parts of ID@listen_addr. They are parsed apart, because the scheme stands behind the '@'. */
static const char *parse_address(
    const struct node_info *info, struct peer_id *id, struct addr_text *listen)
{
    const char *why = NULL;
    if (peer_id_parse(info->id, id) || peer_id_is_none(id))
        return "ID is not 40 lower-case hex characters";
    addr_text_parse_listen(info->listen_addr, false, listen, &why);
    return why;
}

static const char *find_fault(const struct node_info *info)
{
    struct peer_id id;
    struct addr_text listen;
    const char *why = parse_address(info, &id, &listen);
    if (why)
        return why;
    if (!is_printable_or_empty(info->version))
        return "version is not printable ASCII";
    if (info->channels.n > NODE_INFO_CHANNELS_MAX)
        return "more than 16 channels";
    if (has_duplicate(info->channels))
        return "a channel is named twice";
    if (!is_printable(info->moniker))
        return "moniker is empty or not printable ASCII";
    if (!is_switch(info->tx_index))
        return "tx_index is neither on nor off";
    if (!is_printable_or_empty(info->rpc_address))
        return "rpc_address is not printable ASCII";
    return NULL;
}

enum err node_info_validate(const struct node_info *info, const char **why)
{
    const char *fault = find_fault(info);
    if (!fault)
        return ERR_OK;
    *why = fault;
    return ERR_NODE_INFO;
}

enum err node_info_compatible(const struct node_info *own, const struct node_info *theirs)
{
    if (own->block_version != theirs->block_version)
        return ERR_OTHER_BLOCK_VERSION;
    if (!span_equal(own->network, theirs->network))
        return ERR_OTHER_NETWORK;
    if (own->channels.n == 0)
        return ERR_OK;
    for (size_t i = 0; i < own->channels.n; i++)
        if (node_info_has_channel(theirs, own->channels.at[i]))
            return ERR_OK;
    return ERR_NO_COMMON_CHANNEL;
}

enum err node_info_listen(const struct node_info *info, struct addr *addr)
{
    struct peer_id id;
    struct addr_text listen;
    if (parse_address(info, &id, &listen))
        return ERR_LISTEN_ADDRESS;
    if (listen.is_name)
        return ERR_ADDR_UNRESOLVED;
    *addr = (struct addr){id, {listen.ip, listen.port}};
    return ERR_OK;
}

bool node_info_has_channel(const struct node_info *info, uint8_t channel)
{
    return info->channels.n > 0 && memchr(info->channels.at, channel, info->channels.n);
}
