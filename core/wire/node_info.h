/* DefaultNodeInfo: what peers tell each other after authentication (wire.md 4). */
#ifndef WIRE_NODE_INFO_H
#define WIRE_NODE_INFO_H

#include "addr/addr.h"

#define NODE_INFO_BODY_MAX 10240
#define NODE_INFO_CHANNELS_MAX 16
#define PEX_CHANNEL 0x00
#define BLOCK_PROTOCOL 11
#define P2P_PROTOCOL 8

/* Texts are borrowed: from the settings when encoding, from the decoded body when decoding.
 * They may hold any bytes, NUL too. */
struct node_info {
    uint64_t p2p_version, block_version, app_version;
    struct span id; /* text as sent; see node_info_validate */
    struct span listen_addr;
    struct span network;
    struct span version;
    struct span channels; /* one byte a channel */
    struct span moniker;
    struct span tx_index;
    struct span rpc_address;
};

/* Appends the delimited message to out (cap bytes) and sets *n. ERR_TOO_LONG when it does not fit
 * or its body exceeds NODE_INFO_BODY_MAX. */
enum err node_info_encode(const struct node_info *info, uint8_t *out, size_t cap, size_t *n);
/* body: without length prefix, at most NODE_INFO_BODY_MAX. The result borrows from body.
 * ERR_UNDECODABLE. */
enum err node_info_decode(struct span body, struct node_info *info);

/* The checks of wire.md 4.1 in their order; ERR_NODE_INFO with *why a static sentence.
 * A host name in listen_addr is accepted and never looked up (F23). */
enum err node_info_validate(const struct node_info *info, const char **why);
/* wire.md 4.2: ERR_OTHER_BLOCK_VERSION, ERR_OTHER_NETWORK, ERR_NO_COMMON_CHANNEL. */
enum err node_info_compatible(const struct node_info *own, const struct node_info *theirs);
/* One of these three: the peer's ID is proven, and it is none for us (F25). */
static inline bool err_is_other_network(enum err err)
{
    return err == ERR_OTHER_NETWORK || err == ERR_OTHER_BLOCK_VERSION ||
        err == ERR_NO_COMMON_CHANNEL;
}
/* The self-reported address: id and listen_addr, when the host is a literal.
 * ERR_LISTEN_ADDRESS, ERR_ADDR_UNRESOLVED (a name: skip it, F23). */
enum err node_info_listen(const struct node_info *info, struct addr *addr);
bool node_info_has_channel(const struct node_info *info, uint8_t channel);

#endif
