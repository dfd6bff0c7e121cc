#include <strings.h>

#include "book/image_inside.h"
#include "book/rfc3339.h"

#define TEXT_MAX 64 /* longer than any ID, IP, time or error name */

const char *const image_failures[BOOK_FAILURES] = {"refused", "timeout", "handshake", "other"};

bool image_is(const char *name, const char *wanted)
{
    return strcasecmp(name, wanted) == 0;
}

static bool take_text(struct json *json, char out[TEXT_MAX], struct span *text)
{
    size_t n;
    if (!json_text(json, out, TEXT_MAX, &n))
        return false;
    *text = span_of(out, n);
    return true;
}

bool image_id(struct json *json, struct peer_id *id)
{
    char buffer[TEXT_MAX];
    struct span text;
    return take_text(json, buffer, &text) && peer_id_parse(text, id) == ERR_OK &&
        !peer_id_is_none(id);
}

bool image_ip(struct json *json, struct ip *ip)
{
    char buffer[TEXT_MAX];
    struct span text;
    return take_text(json, buffer, &text) && ip_parse(text, ip) == ERR_OK;
}

bool image_cidr(struct json *json, struct cidr *cidr)
{
    char buffer[TEXT_MAX];
    struct span text;
    return take_text(json, buffer, &text) && cidr_parse(text, cidr) == ERR_OK;
}

bool image_time(struct json *json, int64_t *wall_ms)
{
    char buffer[TEXT_MAX];
    struct span text;
    return take_text(json, buffer, &text) && rfc3339_parse(text, wall_ms);
}

bool image_u32(struct json *json, uint32_t max, uint32_t *value)
{
    int64_t wide;
    if (!json_whole_number(json, 0, max, &wide))
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool image_failure(struct json *json, uint8_t *failure)
{
    char buffer[TEXT_MAX];
    struct span text;
    unsigned err = 0;
    if (!take_text(json, buffer, &text))
        return false;
    while (err < ERR_COUNT && !span_equal(text, span_of_text(err_name((enum err)err))))
        err++;
    if (err == ERR_COUNT)
        return false;
    *failure = (uint8_t)err;
    return true;
}

void image_addr_member(struct json *json, const char *name, struct addr_reading *r)
{
    uint32_t port;
    if (json_take_null(json))
        return;
    if (image_is(name, "id")) {
        r->bad_id = !image_id(json, &r->addr.id);
    } else if (image_is(name, "ip")) {
        r->bad_ip = !image_ip(json, &r->addr.at.ip);
    } else if (image_is(name, "port")) {
        if (image_u32(json, UINT16_MAX, &port))
            r->addr.at.port = (uint16_t)port;
        else
            r->bad_shape = true;
    } else {
        json_skip(json);
    }
}

void image_addr(struct json *json, struct addr_reading *r)
{
    char name[IMAGE_NAME_MAX];
    *r = ADDR_UNREAD;
    if (json_take_null(json))
        return;
    if (!json_open(json, JSON_OBJECT)) {
        r->bad_shape = true;
        return;
    }
    while (json_member(json, name, sizeof name))
        image_addr_member(json, name, r);
}
