/* Error codes: one closed list, each with the party to blame.
 *
 * blame decides what happens next: `peer` becomes an incident for the ban policy, `environment`
 * backs off and tries again, `us` is a bug or a wrong setting and is logged as one.
 * Every function that can fail returns an `enum err`; results come through last pointers and are
 * untouched on failure.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum blame { BLAME_NONE, BLAME_PEER, BLAME_US, BLAME_ENVIRONMENT };

/* X(symbol, name in logs and metrics, blame, text for people) */
#define ERR_LIST(X)                                                                                \
    X(OK, "ok", NONE, "ok")                                                                        \
    /* bytes from a peer */                                                                        \
    X(TRUNCATED, "truncated", PEER, "message ends early")                                          \
    X(VARINT, "varint", PEER, "malformed varint")                                                  \
    X(TOO_LONG, "too_long", PEER, "message exceeds its maximum size")                              \
    X(UNDECODABLE, "undecodable", PEER, "undecodable protobuf")                                    \
    X(FRAME_TAG, "frame_tag", PEER, "failed to decrypt a sealed frame")                            \
    X(FRAME_LENGTH, "frame_length", PEER, "sealed frame claims more than 1024 bytes")              \
    X(KEY_EXCHANGE, "key_exchange", PEER, "malformed ephemeral key message")                       \
    X(LOW_ORDER_POINT, "low_order_point", PEER, "ephemeral key is a low order point")              \
    X(AUTH_KEY, "auth_key", PEER, "authentication without a 32-byte ed25519 key")                  \
    X(AUTH_SIGNATURE, "auth_signature", PEER, "challenge verification failed")                     \
    X(WRONG_ID, "wrong_id", PEER, "authenticated ID is not the dialed ID")                         \
    X(NODE_INFO, "node_info", PEER, "invalid node info")                                           \
    X(NODE_INFO_ID, "node_info_id", PEER, "node info names another ID than the authenticated one") \
    X(SELF, "self", PEER, "connected to ourselves")                                                \
    X(OTHER_BLOCK_VERSION, "other_block_version", PEER,                                            \
        "peer speaks another block protocol version")                                              \
    X(OTHER_NETWORK, "other_network", PEER, "peer is on another network")                          \
    X(NO_COMMON_CHANNEL, "no_common_channel", PEER, "no channel in common")                        \
    X(PACKET_TOO_LONG, "packet_too_long", PEER, "packet exceeds its maximum size")                 \
    X(PACKET_KIND, "packet_kind", PEER, "packet of no known kind")                                 \
    X(CHANNEL_UNKNOWN, "channel_unknown", PEER, "packet for an unknown channel")                   \
    X(CHANNEL_CAPACITY, "channel_capacity", PEER, "message exceeds the channel's capacity")        \
    X(FLOOD, "flood", PEER, "flood of pings, pongs or empty frames")                               \
    X(HANDSHAKE_TIMEOUT, "handshake_timeout", PEER, "handshake timed out")                         \
    X(PONG_TIMEOUT, "pong_timeout", PEER, "pong timeout")                                          \
    X(CLOSED_BY_PEER, "closed_by_peer", PEER, "closed by the peer")                                \
    X(PEX_UNDECODABLE, "pex_undecodable", PEER, "undecodable PEX message")                         \
    X(PEX_BAD_ADDRESS, "pex_bad_address", PEER, "address list with an unparseable IP or port")     \
    X(PEX_UNSOLICITED, "pex_unsolicited", PEER, "unsolicited address list")                        \
    X(PEX_TOO_SOON, "pex_too_soon", PEER, "address request too soon")                              \
    X(LISTEN_ADDRESS, "listen_address", PEER, "peer's self-reported address does not parse")       \
    /* admission and peer set */                                                                   \
    X(DUPLICATE_ID, "duplicate_id", PEER, "this ID is already connected")                          \
    X(DUPLICATE_IP, "duplicate_ip", PEER, "this IP is already connected (allow_duplicate_ip)")     \
    X(CROWDED, "crowded", PEER, "too many connections from this IP or its group")                  \
    X(BANNED, "banned", PEER, "banned")                                                            \
    X(NO_SLOT, "no_slot", NONE, "no free slot for this peer")                                      \
    X(PROTECTED, "protected", NONE,                                                                \
        "persistent and unconditional peers and seeds are never banned by ID")                     \
    X(POLICY, "policy", NONE, "refused by the policy")                                             \
    X(LISTED, "listed", NONE, "this ID is in the list already")                                    \
    X(GRACEFUL, "graceful", NONE, "closed by us without blame")                                    \
    X(SERVED, "served", NONE, "answered, then closed by us, as a seed does")                       \
    X(STOPPING, "stopping", NONE, "node is stopping")                                              \
    X(IDLE, "idle", PEER, "peer did not do what it connected for in time")                         \
    /* dialing */                                                                                  \
    X(ALREADY_CONNECTED, "already_connected", NONE, "already dialing or connected")                \
    X(TOO_EARLY, "too_early", NONE, "dialed too early: still in back-off")                         \
    X(TOO_MANY_ATTEMPTS, "too_many_attempts", PEER, "too many failed dials")                       \
    X(REFUSED, "refused", PEER, "connection refused")                                              \
    X(TIMEOUT, "timeout", PEER, "connection timed out")                                            \
    X(HOST_UNREACHABLE, "host_unreachable", PEER, "no such host there")                            \
    X(UNREACHABLE, "unreachable", ENVIRONMENT, "network unreachable")                              \
    X(RESET, "reset", PEER, "connection reset")                                                    \
    X(LOOKUP, "lookup", ENVIRONMENT, "name does not resolve")                                      \
    X(NO_DESCRIPTORS, "no_descriptors", ENVIRONMENT, "out of file descriptors")                    \
    X(IO, "io", ENVIRONMENT, "input/output error")                                                 \
    /* address text and book */                                                                    \
    X(ADDR_NO_ID, "addr_no_id", NONE, "address has no ID; expected ID@host:port")                  \
    X(ADDR_INVALID, "addr_invalid", NONE, "invalid address")                                       \
    X(ADDR_UNRESOLVED, "addr_unresolved", NONE, "host is a name, not an IP literal")               \
    X(ADDR_NON_ROUTABLE, "addr_non_routable", NONE,                                                \
        "non-routable address (set addr_book_strict = false to allow it)")                         \
    X(ADDR_PRIVATE, "addr_private", NONE, "private ID")                                            \
    X(ADDR_PRIVATE_SOURCE, "addr_private_source", NONE, "announced by a private ID")               \
    X(ADDR_SELF, "addr_self", NONE, "our own address")                                             \
    X(BOOK_FULL, "book_full", NONE, "bucket refused the newcomer")                                 \
    X(NOT_FOUND, "not_found", NONE, "not found")                                                   \
    /* ourselves */                                                                                \
    X(INVALID, "invalid", US, "invalid argument or setting")                                       \
    X(FULL, "full", US, "no room left")                                                            \
    X(NO_MEMORY, "no_memory", ENVIRONMENT, "out of memory")                                        \
    X(CORRUPT, "corrupt", ENVIRONMENT, "file is damaged")                                          \
    X(SCRIPT, "script", US, "policy script failed")

enum err {
#define ERR_ENUM(symbol, name, blame, text) ERR_##symbol,
    ERR_LIST(ERR_ENUM)
#undef ERR_ENUM
        ERR_COUNT
};

/* Stable short name ("wrong_id"), used in logs, metrics and as a policy's `class`. */
const char *err_name(enum err err);
/* Sentence for people. */
const char *err_text(enum err err);
enum blame err_blame(enum err err);

#endif
