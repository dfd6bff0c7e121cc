#include "addr/code.h"

#define V4_AT 12 /* where an IPv4 address is in its 16 bytes */

void code_peer_id(struct codec *codec, struct peer_id *id)
{
    code_bytes(codec, id->bytes, sizeof id->bytes);
}

void code_ip(struct codec *codec, struct ip *ip)
{
    bool v4 = !codec->reading && ip_is_v4(ip);
    code_bool(codec, &v4);
    if (!v4) {
        code_bytes(codec, ip->bytes, sizeof ip->bytes);
        return;
    }
    if (codec->reading)
        *ip = ip_of_v4(0);
    code_bytes(codec, ip->bytes + V4_AT, sizeof ip->bytes - V4_AT);
}

void code_cidr(struct codec *codec, struct cidr *cidr)
{
    uint32_t bits = cidr->bits;
    code_ip(codec, &cidr->ip);
    code_below(codec, &bits, 8 * sizeof cidr->ip.bytes + 1);
    if (codec->reading)
        cidr->bits = (uint8_t)bits;
}

void code_endpoint(struct codec *codec, struct endpoint *at)
{
    code_ip(codec, &at->ip);
    code_u16(codec, &at->port);
}

void code_addr(struct codec *codec, struct addr *addr)
{
    code_peer_id(codec, &addr->id);
    code_endpoint(codec, &addr->at);
}

void code_addr_text(struct codec *codec, struct addr_text *text)
{
    code_peer_id(codec, &text->id);
    code_bool(codec, &text->is_name);
    code_ip(codec, &text->ip);
    code_text(codec, text->host, sizeof text->host);
    code_u16(codec, &text->port);
}
