/* Network addresses of peers: ID@host:port (wire.md 1.3, behaviour.md B10 - B15). */
#ifndef ADDR_ADDR_H
#define ADDR_ADDR_H

#include "addr/ip.h"
#include "crypto/peer_id.h"

struct endpoint {
    struct ip ip;
    uint16_t port;
};

struct addr {
    struct peer_id id; /* all-zero: unknown */
    struct endpoint at;
};

/* ID@[ipv6]:port with terminator */
#define ADDR_TEXT_MAX (PEER_ID_TEXT + 1 + IP_TEXT_MAX + 2 + 6)
#define HOST_MAX 253 /* longest host name, without terminator */

/* An address as written by a person or a peer: the host may be a name. */
struct addr_text {
    struct peer_id id;
    bool is_name; /* `host` holds a name and `ip` is unset */
    struct ip ip;
    char host[HOST_MAX + 1];
    uint16_t port;
};

/* Parses [scheme://]ID@host:port in the order of wire.md 1.3, port before any lookup (R5). The host
 * is never resolved here. ERR_ADDR_NO_ID, ERR_ADDR_INVALID; *why (may be NULL) gets a static
 * sentence naming the cause. */
enum err addr_text_parse(struct span text, struct addr_text *addr, const char **why);
/* Same without an ID: [scheme://]host:port, as in `laddr`. An empty host is 0.0.0.0 when
 * allow_empty_host. */
enum err addr_text_parse_listen(
    struct span text, bool allow_empty_host, struct addr_text *addr, const char **why);
/* addr_text_parse for literals only: ERR_ADDR_UNRESOLVED when the host is a name. */
enum err addr_parse(struct span text, struct addr *addr, const char **why);

char *addr_to_text(const struct addr *addr, char out[ADDR_TEXT_MAX]);
char *endpoint_to_text(const struct endpoint *at, char out[ADDR_TEXT_MAX]);

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
bool addr_equal(const struct addr *a, const struct addr *b); /* Equals (B15) */
bool addr_same(const struct addr *a, const struct addr *b);  /* Same (B15) */

#endif
