#include "addr/ip_inside.h"

#include <assert.h>

struct range4 {
    uint32_t base;
    uint8_t bits;
};

/* Every IPv6 range that matters to routability lies within the first 64 bits. */
struct range6 {
    uint64_t base;
    uint8_t bits;
};

static uint64_t load64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

static uint32_t v4_of(const struct ip *ip)
{
    return load32(ip->bytes + V4_AT);
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool ip_is_v4(const struct ip *ip)
{
    return load64(ip->bytes) == 0 && load32(ip->bytes + 8) == 0xffff;
}

struct ip ip_of_v4(uint32_t v4)
{
    return (struct ip){{[10] = 0xff,
        0xff,
        (uint8_t)(v4 >> 24),
        (uint8_t)(v4 >> 16),
        (uint8_t)(v4 >> 8),
        (uint8_t)v4}};
}

/* Prefixes */

static bool prefix_equal(const uint8_t a[16], const uint8_t b[16], unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

struct cidr cidr_of(const struct ip *ip, uint8_t bits)
{
    assert(bits <= 128);
    struct cidr cidr = {*ip, bits};
    for (unsigned i = 0; i < 16; i++) {
        unsigned kept = bits > 8 * i ? bits - 8 * i : 0;
        if (kept < 8)
            cidr.ip.bytes[i] &= (uint8_t)(0xff00u >> kept);
    }
    return cidr;
}

bool cidr_contains(const struct cidr *cidr, const struct ip *ip)
{
    assert(cidr->bits <= 128);
    return cidr_is_v4(cidr) == ip_is_v4(ip) && prefix_equal(cidr->ip.bytes, ip->bytes, cidr->bits);
}

/* Ranges */

#define V4(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define V6(a, b, c, d)                                                                             \
    ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (uint64_t)(d))

static const struct range4 private4[] = {
    {V4(10, 0, 0, 0), 8},
    {V4(172, 16, 0, 0), 12},
    {V4(192, 168, 0, 0), 16},
    {V4(169, 254, 0, 0), 16},
};
static const struct range6 private6[] = {
    {V6(0xfe80, 0, 0, 0), 64},
    {V6(0xfc00, 0, 0, 0), 7},
    {V6(0x2001, 0x10, 0, 0), 28},
};
static const struct range4 reserved4[] = {
    {V4(224, 0, 0, 0), 4},  /* multicast */
    {V4(240, 0, 0, 0), 4},  /* reserved */
    {V4(192, 0, 2, 0), 24}, /* documentation: TEST-NET-1, -2, -3 */
    {V4(198, 51, 100, 0), 24},
    {V4(203, 0, 113, 0), 24},
};
static const struct range6 reserved6[] = {
    {V6(0xff00, 0, 0, 0), 8},      /* multicast */
    {V6(0x2001, 0xdb8, 0, 0), 32}, /* documentation */
    {V6(0x3fff, 0, 0, 0), 20},     /* documentation, RFC 9637 */
};

static bool in_ranges4(uint32_t v4, const struct range4 *ranges, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if ((v4 ^ ranges[i].base) >> (32 - ranges[i].bits) == 0)
            return true;
    return false;
}

static bool in_ranges6(uint64_t high, const struct range6 *ranges, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        if ((high ^ ranges[i].base) >> (64 - ranges[i].bits) == 0)
            return true;
    return false;
}

#define IN_RANGES(ip, name)                                                                        \
    (ip_is_v4(ip) ? in_ranges4(v4_of(ip), name##4, sizeof name##4 / sizeof *name##4)               \
                  : in_ranges6(load64((ip)->bytes), name##6, sizeof name##6 / sizeof *name##6))

bool ip_is_valid(const struct ip *ip)
{
    if (ip_is_v4(ip))
        return v4_of(ip) != 0 && v4_of(ip) != UINT32_MAX;
    uint64_t high = load64(ip->bytes);
    bool unspecified = high == 0 && load64(ip->bytes + 8) == 0;
    return !unspecified && high >> 32 != 0x20010db8;
}

bool ip_is_local(const struct ip *ip)
{
    if (ip_is_v4(ip))
        return ip->bytes[V4_AT] == 127 || ip->bytes[V4_AT] == 0;
    return load64(ip->bytes) == 0 && load64(ip->bytes + 8) == 1;
}

bool ip_is_loopback(const struct ip *ip)
{
    return ip_is_local(ip) && !(ip_is_v4(ip) && ip->bytes[V4_AT] == 0);
}

bool ip_is_routable(const struct ip *ip)
{
    return ip_is_valid(ip) && !ip_is_local(ip) && !IN_RANGES(ip, private);
}

bool ip_is_reserved(const struct ip *ip)
{
    return IN_RANGES(ip, reserved);
}

/* Groups */

static struct group group_of_v4(uint8_t first, uint8_t second)
{
    return (struct group){GROUP_V4, {first, second}};
}

static struct group group_of_v6(const uint8_t b[16])
{
    static const uint8_t translated[16] = {[8] = 0xff, 0xff};              /* RFC 6145 */
    static const uint8_t nat64[16] = {0x00, 0x64, 0xff, 0x9b};             /* RFC 6052 */
    static const uint8_t onion[16] = {0xfd, 0x87, 0xd8, 0x7e, 0xeb, 0x43}; /* OnionCat */
    uint32_t head = load32(b);
    if (prefix_equal(b, translated, 96) || prefix_equal(b, nat64, 96))
        return group_of_v4(b[12], b[13]);
    if (head >> 16 == 0x2002)
        return group_of_v4(b[2], b[3]);
    if (head == 0x20010000)
        return group_of_v4((uint8_t)~b[12], (uint8_t)~b[13]);
    if (prefix_equal(b, onion, 48))
        return (struct group){GROUP_TOR, {b[6] & 15}};
    struct group group = {GROUP_V6, {b[0], b[1], b[2], b[3]}};
    if (head == 0x20010470) {
        group.kind = GROUP_V6_36;
        group.bytes[4] = b[4] & 0xf0;
    }
    return group;
}

struct group ip_group(const struct ip *ip, bool strict)
{
    if (strict && ip_is_local(ip))
        return (struct group){.kind = GROUP_LOCAL};
    if (strict && !ip_is_routable(ip))
        return (struct group){.kind = GROUP_UNROUTABLE};
    if (ip_is_v4(ip))
        return group_of_v4(ip->bytes[V4_AT], ip->bytes[V4_AT + 1]);
    return group_of_v6(ip->bytes);
}

bool group_equal(struct group a, struct group b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}
