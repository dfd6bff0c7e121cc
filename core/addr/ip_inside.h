/* What the files of ip.h share. For them only. */
#ifndef ADDR_IP_INSIDE_H
#define ADDR_IP_INSIDE_H

#include "addr/ip.h"
#include <endian.h>

#define V4_AT 12 /* where the IPv4 address begins in a mapped one */

static inline uint32_t load32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static inline bool cidr_is_v4(const struct cidr *cidr)
{
    return cidr->bits >= 8 * V4_AT && ip_is_v4(&cidr->ip);
}

#endif
