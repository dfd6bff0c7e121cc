/* IP addresses: parse, print, ranges (wire.md 1.3, 1.4) and group keys (behaviour.md B14).
 *
 * Sixteen bytes always; IPv4 is held as ::ffff:a.b.c.d and is an IPv4 address everywhere. */
#ifndef ADDR_IP_H
#define ADDR_IP_H

#include "base/err.h"
#include "base/span.h"

struct ip {
    uint8_t bytes[16];
};

#define IP_TEXT_MAX 46    /* with terminator */
#define GROUP_TEXT_MAX 46 /* with terminator */

/* A complete literal: dotted quad without leading zeros, or IPv6 without zone. ERR_ADDR_INVALID. */
enum err ip_parse(struct span text, struct ip *ip);
char *ip_text(const struct ip *ip, char out[IP_TEXT_MAX]);
bool ip_equal(const struct ip *a, const struct ip *b);
bool ip_is_v4(const struct ip *ip);
struct ip ip_of_v4(uint32_t host_order);

/* A range of addresses: `ip` under a mask of `bits` (0..128; IPv4 prefixes count from bit 96). */
struct cidr {
    struct ip ip;
    uint8_t bits;
};

/* "10.0.0.0/8", "2001:db8::/32", or a single address. Bits below the mask must be zero. */
enum err cidr_parse(struct span text, struct cidr *cidr);
char *cidr_text(const struct cidr *cidr, char out[IP_TEXT_MAX + 4]);
/* The range of this many leading bits around ip. */
struct cidr cidr_of(const struct ip *ip, uint8_t bits);
bool cidr_contains(const struct cidr *cidr, const struct ip *ip);

/* IP present and not unspecified, 255.255.255.255 or 2001:db8::/32 (B11). */
bool ip_is_valid(const struct ip *ip);
bool ip_is_local(const struct ip *ip);    /* loopback or 0.0.0.0/8 (B12) */
bool ip_is_loopback(const struct ip *ip); /* 127.0.0.0/8 or ::1 */
bool ip_is_routable(const struct ip *ip); /* B13; the ID is not looked at */
/* Multicast, 240/4 and documentation ranges: refused in strict mode beyond B13 (F20). */
bool ip_is_reserved(const struct ip *ip);

/* The group an address counts in, as a fixed-size key that can be compared and hashed (B14). */
enum group_kind {
    GROUP_NONE,
    GROUP_LOCAL,
    GROUP_UNROUTABLE,
    GROUP_V4, /* /16 */
    GROUP_V6, /* /32 */
    GROUP_V6_36,
    GROUP_TOR,
};
struct group {
    uint8_t kind; /* enum group_kind */
    uint8_t bytes[5];
};

struct group ip_group(const struct ip *ip, bool strict);
bool group_equal(struct group a, struct group b);
/* Of addresses that strangers can have: neither local nor unroutable, as a strict ip_group says. */
static inline bool group_is_public(struct group group)
{
    return group.kind >= GROUP_V4;
}
/* Go's text of the group: "local", "8.8.0.0", "2600:1901::", "tor:5" ... */
char *group_text(struct group group, char out[GROUP_TEXT_MAX]);
/* The same without a terminator; returns where it ends. */
char *group_text_end(struct group group, char out[GROUP_TEXT_MAX]);

#endif
