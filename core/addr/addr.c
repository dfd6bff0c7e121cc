#include "addr/addr.h"

#define LABEL_MAX 63

static enum err fail(enum err err, const char **why, const char *cause)
{
    if (why)
        *why = cause;
    return err;
}

static struct span cut(struct span text, size_t from, size_t to)
{
    return span_of(text.at + from, to - from);
}

/* Where `word` first stands in text, or text.n. */
static size_t find(struct span text, const char *word)
{
    const void *at = text.n > 0 ? memmem(text.at, text.n, word, strlen(word)) : NULL;
    return at ? (size_t)((const uint8_t *)at - text.at) : text.n;
}

static size_t find_last(struct span text, char c)
{
    const void *at = text.n > 0 ? memrchr(text.at, c, text.n) : NULL;
    return at ? (size_t)((const uint8_t *)at - text.at) : text.n;
}

/* What stands between the first and the second "://", or all of it when there is none. */
static struct span without_scheme(struct span text)
{
    size_t at = find(text, "://");
    if (at == text.n)
        return text;
    struct span rest = cut(text, at + 3, text.n);
    return cut(rest, 0, find(rest, "://"));
}

/* Splits host:port at the last colon; brackets around the host are removed. Returns the cause of
 * failure or NULL. */
static const char *split_host_port(struct span text, struct span *host, struct span *port)
{
    size_t colon = find_last(text, ':');
    if (colon == text.n)
        return "missing port";
    *port = cut(text, colon + 1, text.n);
    if (text.at[0] != '[') {
        *host = cut(text, 0, colon);
        if (find(*host, ":") < host->n)
            return "too many colons; IPv6 needs brackets";
    } else {
        size_t close = find(text, "]");
        if (close == text.n)
            return "missing ']'";
        if (close + 1 != colon)
            return "missing port after ']'";
        *host = cut(text, 1, close);
    }
    return NULL;
}

static const char *parse_port(struct span text, uint16_t *port)
{
    unsigned value = 0;
    if (text.n == 0)
        return "missing port";
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return "port is not a number";
        value = value * 10 + (unsigned)(text.at[i] - '0');
        if (value > UINT16_MAX)
            return "port is above 65535";
    }
    *port = (uint16_t)value;
    return NULL;
}

static bool is_name_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
        c == '_';
}

static bool is_number(struct span label)
{
    for (size_t i = 0; i < label.n; i++)
        if (label.at[i] < '0' || label.at[i] > '9')
            return label.n > 2 && label.at[0] == '0' && (label.at[1] | 0x20) == 'x';
    return true;
}

/* A last label that is a number would make some resolvers read the name as an old-style IPv4
 * address ("127.1", "0x7f.1"), so it is no name. */
static const char *check_name(struct span name)
{
    if (name.n > HOST_MAX)
        return "host name is too long";
    if (name.n > 1 && name.at[name.n - 1] == '.')
        name.n--;
    struct span label = {0};
    for (size_t from = 0; from <= name.n; from += label.n + 1) {
        label = cut(name, from, name.n);
        label.n = find(label, ".");
        if (label.n == 0 || label.n > LABEL_MAX)
            return "host is neither an IP address nor a name";
        for (size_t i = 0; i < label.n; i++)
            if (!is_name_byte(label.at[i]))
                return "host is neither an IP address nor a name";
    }
    return is_number(label) ? "malformed IP address" : NULL;
}

static const char *parse_host(struct span host, struct addr_text *addr)
{
    if (host.n == 0)
        return "host is empty";
    if (ip_parse(host, &addr->ip) == ERR_OK)
        return NULL;
    const char *cause = check_name(host);
    if (!cause) {
        addr->is_name = true;
        memcpy(addr->host, host.at, host.n);
    }
    return cause;
}

static const char *parse_host_port(struct span text, bool allow_empty_host, struct addr_text *addr)
{
    struct span host, port;
    const char *cause = split_host_port(text, &host, &port);
    if (!cause)
        cause = parse_port(port, &addr->port);
    if (cause)
        return cause;
    if (host.n == 0 && allow_empty_host) {
        addr->ip = ip_of_v4(0);
        return NULL;
    }
    return parse_host(host, addr);
}

enum err addr_text_parse(struct span text, struct addr_text *addr, const char **why)
{
    struct addr_text parsed = {0};
    struct span in = without_scheme(text);
    size_t at = find(in, "@");
    if (at == in.n || find_last(in, '@') != at)
        return fail(ERR_ADDR_NO_ID, why, "has no ID");
    if (at == 0)
        return fail(ERR_ADDR_INVALID, why, "ID is empty");
    if (peer_id_parse(cut(in, 0, at), &parsed.id))
        return fail(ERR_ADDR_INVALID, why, "ID is not 40 lower-case hex characters");
    if (peer_id_is_none(&parsed.id))
        return fail(ERR_ADDR_INVALID, why, "ID is all zero");
    const char *cause = parse_host_port(cut(in, at + 1, in.n), false, &parsed);
    if (cause)
        return fail(ERR_ADDR_INVALID, why, cause);
    *addr = parsed;
    return ERR_OK;
}

enum err addr_text_parse_listen(
    struct span text, bool allow_empty_host, struct addr_text *addr, const char **why)
{
    struct addr_text parsed = {0};
    const char *cause = parse_host_port(without_scheme(text), allow_empty_host, &parsed);
    if (cause)
        return fail(ERR_ADDR_INVALID, why, cause);
    *addr = parsed;
    return ERR_OK;
}

enum err addr_parse(struct span text, struct addr *addr, const char **why)
{
    struct addr_text parsed;
    enum err err = addr_text_parse(text, &parsed, why);
    if (err)
        return err;
    if (parsed.is_name)
        return fail(ERR_ADDR_UNRESOLVED, why, "host is a name, not an IP address");
    *addr = (struct addr){parsed.id, {parsed.ip, parsed.port}};
    return ERR_OK;
}

char *addr_to_text(const struct addr *addr, char out[ADDR_TEXT_MAX])
{
    char *at = out;
    if (!peer_id_is_none(&addr->id)) {
        peer_id_text(&addr->id, at);
        at += PEER_ID_TEXT;
        *at++ = '@';
    }
    endpoint_to_text(&addr->at, at);
    return out;
}

static char *put_port(char *at, unsigned port)
{
    for (unsigned unit = 10000; unit > 0; unit /= 10)
        if (port >= unit || unit == 1)
            *at++ = (char)('0' + port / unit % 10);
    return at;
}

char *endpoint_to_text(const struct endpoint *endpoint, char out[ADDR_TEXT_MAX])
{
    bool brackets = !ip_is_v4(&endpoint->ip);
    char *at = out;
    if (brackets)
        *at++ = '[';
    ip_text(&endpoint->ip, at);
    at += strlen(at);
    if (brackets)
        *at++ = ']';
    *at++ = ':';
    *put_port(at, endpoint->port) = 0;
    return out;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return peer_id_equal(&a->id, &b->id) && endpoint_equal(&a->at, &b->at);
}

bool addr_same(const struct addr *a, const struct addr *b)
{
    bool same_id = peer_id_equal(&a->id, &b->id) && !peer_id_is_none(&a->id);
    return same_id || endpoint_equal(&a->at, &b->at);
}
