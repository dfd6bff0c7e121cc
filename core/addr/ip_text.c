/* Addresses and groups from and to text. */
#include "addr/ip_inside.h"

/* Parsing */

static bool take_octet(struct span *in, uint8_t *octet)
{
    unsigned value = 0;
    size_t digits = 0;
    while (digits < in->n && digits < 4 && in->at[digits] >= '0' && in->at[digits] <= '9')
        value = value * 10 + (unsigned)(in->at[digits++] - '0');
    if (digits == 0 || value > 255 || (digits > 1 && in->at[0] == '0'))
        return false;
    span_take(in, digits);
    *octet = (uint8_t)value;
    return true;
}

static bool parse_v4(struct span text, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0) {
            if (text.n == 0 || *span_take(&text, 1).at != '.')
                return false;
        }
        if (!take_octet(&text, &out[i]))
            return false;
    }
    return text.n == 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads one group of 1 to 4 hex digits; returns how many, 0 if there is no such group. */
static size_t group_digits(struct span in, unsigned *value)
{
    size_t n = 0;
    *value = 0;
    while (n < in.n && hex_digit(in.at[n]) >= 0) {
        if (n == 4)
            return 0;
        *value = *value << 4 | (unsigned)hex_digit(in.at[n++]);
    }
    return n;
}

/* The state of reading an IPv6 literal: `n` bytes are known, `gap` (or -1) is where `::` stood. */
struct v6_reader {
    struct span in;
    uint8_t bytes[16];
    unsigned n;
    int gap;
};

/* Reads one group, or the dotted quad that may end a literal, and the colon after it. */
static bool take_group(struct v6_reader *r)
{
    unsigned value;
    size_t digits = group_digits(r->in, &value);
    if (digits == 0)
        return false;
    if (digits < r->in.n && r->in.at[digits] == '.') {
        if (r->n > V4_AT || !parse_v4(r->in, r->bytes + r->n))
            return false;
        r->n += 4;
        r->in.n = 0;
        return true;
    }
    r->bytes[r->n++] = (uint8_t)(value >> 8);
    r->bytes[r->n++] = (uint8_t)value;
    span_take(&r->in, digits);
    if (r->in.n == 0)
        return true;
    if (r->in.n == 1 || *span_take(&r->in, 1).at != ':')
        return false;
    if (r->in.at[0] == ':') {
        if (r->gap >= 0)
            return false;
        r->gap = (int)r->n;
        span_take(&r->in, 1);
    }
    return true;
}

static bool parse_v6(struct span text, uint8_t out[16])
{
    struct v6_reader r = {.in = text, .gap = -1};
    if (text.n >= 2 && text.at[0] == ':' && text.at[1] == ':') {
        r.gap = 0;
        span_take(&r.in, 2);
    }
    while (r.in.n > 0 && r.n < 16)
        if (!take_group(&r))
            return false;
    if (r.in.n > 0 || (r.gap < 0) != (r.n == 16))
        return false;
    unsigned head = r.gap < 0 ? r.n : (unsigned)r.gap;
    memset(out, 0, 16);
    memcpy(out, r.bytes, head);
    memcpy(out + 16 - (r.n - head), r.bytes + head, r.n - head);
    return true;
}

enum err ip_parse(struct span text, struct ip *ip)
{
    uint8_t v4[4];
    struct ip parsed;
    if (parse_v4(text, v4))
        *ip = ip_of_v4(load32(v4));
    else if (parse_v6(text, parsed.bytes))
        *ip = parsed;
    else
        return ERR_ADDR_INVALID;
    return ERR_OK;
}

/* Printing */

static char *put_decimal(char *at, unsigned value)
{
    char digits[10];
    unsigned n = 0;
    do
        digits[n++] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    while (n > 0)
        *at++ = digits[--n];
    return at;
}

/* Without a branch: octets follow no pattern. */
static char *put_octet(char *at, uint8_t value)
{
    *at = (char)('0' + value / 100);
    at += value >= 100;
    *at = (char)('0' + value / 10 % 10);
    at += value >= 10;
    *at = (char)('0' + value % 10);
    return at + 1;
}

static char *put_hex(char *at, unsigned value)
{
    bool started = false;
    for (int shift = 12; shift >= 0; shift -= 4) {
        unsigned digit = value >> shift & 15;
        started |= digit > 0 || shift == 0;
        if (started)
            *at++ = "0123456789abcdef"[digit];
    }
    return at;
}

static char *put_v4(char *at, const uint8_t v4[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            *at++ = '.';
        at = put_octet(at, v4[i]);
    }
    return at;
}

/* The first of the longest runs of at least two zero groups; *n is 0 if there is none. */
static unsigned longest_zero_run(const unsigned groups[8], unsigned *n)
{
    unsigned best = 0;
    *n = 0;
    for (unsigned i = 0, run = 0; i < 8; i++) {
        run = groups[i] == 0 ? run + 1 : 0;
        if (run >= 2 && run > *n) {
            *n = run;
            best = i + 1 - run;
        }
    }
    return best;
}

static char *put_v6(char *at, const uint8_t bytes[16])
{
    unsigned groups[8], run_n;
    for (unsigned i = 0; i < 8; i++)
        groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
    unsigned run = longest_zero_run(groups, &run_n);
    for (unsigned i = 0; i < 8;) {
        if (run_n > 0 && i == run) {
            *at++ = ':';
            *at++ = ':';
            i += run_n;
            continue;
        }
        if (i > 0 && (run_n == 0 || i != run + run_n))
            *at++ = ':';
        at = put_hex(at, groups[i++]);
    }
    return at;
}

static char *put_ip(char *at, const struct ip *ip)
{
    return ip_is_v4(ip) ? put_v4(at, ip->bytes + V4_AT) : put_v6(at, ip->bytes);
}

char *ip_text(const struct ip *ip, char out[IP_TEXT_MAX])
{
    *put_ip(out, ip) = 0;
    return out;
}

/* Prefixes */

static bool parse_prefix_length(struct span text, unsigned max, unsigned *bits)
{
    unsigned value = 0;
    if (text.n == 0 || text.n > 3 || (text.n > 1 && text.at[0] == '0'))
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text.at[i] - '0');
    }
    *bits = value;
    return value <= max;
}

enum err cidr_parse(struct span text, struct cidr *cidr)
{
    const uint8_t *slash = text.n > 0 ? memchr(text.at, '/', text.n) : NULL;
    struct span host = slash ? span_of(text.at, (size_t)(slash - text.at)) : text;
    bool dotted = host.n > 0 && !memchr(host.at, ':', host.n);
    unsigned offset = dotted ? 8 * V4_AT : 0, bits = 128 - offset;
    struct ip ip;
    if (ip_parse(host, &ip))
        return ERR_ADDR_INVALID;
    if (slash && !parse_prefix_length(span_of(slash + 1, text.n - host.n - 1), 128 - offset, &bits))
        return ERR_ADDR_INVALID;
    bits += offset;
    for (unsigned bit = bits; bit < 128; bit++)
        if (ip.bytes[bit / 8] >> (7 - bit % 8) & 1)
            return ERR_ADDR_INVALID;
    *cidr = (struct cidr){ip, (uint8_t)bits};
    return ERR_OK;
}

char *cidr_text(const struct cidr *cidr, char out[IP_TEXT_MAX + 4])
{
    char *at = put_ip(out, &cidr->ip);
    *at++ = '/';
    *put_decimal(at, cidr_is_v4(cidr) ? cidr->bits - 8u * V4_AT : cidr->bits) = 0;
    return out;
}

/* Groups */

char *group_text_end(struct group group, char out[GROUP_TEXT_MAX])
{
    static const char *const words[] = {"", "local", "unroutable"};
    uint8_t bytes[16] = {0};
    memcpy(bytes, group.bytes, sizeof group.bytes);
    if (group.kind == GROUP_V4)
        return put_v4(out, bytes);
    if (group.kind == GROUP_TOR) {
        memcpy(out, "tor:", 4);
        return put_octet(out + 4, bytes[0]);
    }
    if (group.kind >= GROUP_V6)
        return put_v6(out, bytes);
    size_t n = strlen(words[group.kind]);
    memcpy(out, words[group.kind], n);
    return out + n;
}

char *group_text(struct group group, char out[GROUP_TEXT_MAX])
{
    *group_text_end(group, out) = 0;
    return out;
}
