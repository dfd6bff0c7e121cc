/* Whatever the bytes: no crash, agreement with inet_pton on literals, and text that parses back to
 * the same address. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "addr/addr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_literal(struct span text)
{
    char copy[64];
    struct ip ip, expect = ip_of_v4(0);
    bool parsed = ip_parse(text, &ip) == ERR_OK;
    if (text.n >= sizeof copy || (text.n > 0 && memchr(text.at, 0, text.n))) {
        require(!parsed);
        return;
    }
    memcpy(copy, text.n > 0 ? text.at : (const uint8_t *)"", text.n);
    copy[text.n] = 0;
    bool known = inet_pton(AF_INET, copy, expect.bytes + 12) == 1 ||
        inet_pton(AF_INET6, copy, expect.bytes) == 1;
    require(parsed == known);
    if (parsed) {
        char out[IP_TEXT_MAX], group[GROUP_TEXT_MAX];
        require(ip_equal(&ip, &expect));
        require(ip_parse(span_of_text(ip_text(&ip, out)), &expect) == ERR_OK);
        require(ip_equal(&ip, &expect));
        group_text(ip_group(&ip, false), group);
        group_text(ip_group(&ip, true), group);
    }
}

static void check_cidr(struct span text)
{
    struct cidr cidr, back;
    char out[IP_TEXT_MAX + 4];
    if (cidr_parse(text, &cidr))
        return;
    require(cidr_contains(&cidr, &cidr.ip));
    require(cidr_parse(span_of_text(cidr_text(&cidr, out)), &back) == ERR_OK);
    require(back.bits == cidr.bits && ip_equal(&back.ip, &cidr.ip));
}

static void check_addr(struct span text)
{
    struct addr addr, back;
    char out[ADDR_TEXT_MAX];
    const char *why = NULL;
    enum err err = addr_parse(text, &addr, &why);
    require(err == ERR_OK || (why && *why));
    if (err)
        return;
    require(addr_parse(span_of_text(addr_to_text(&addr, out)), &back, NULL) == ERR_OK);
    require(addr_equal(&addr, &back) && addr_same(&addr, &back));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct span text = span_of(data, n);
    struct addr_text listen;
    check_literal(text);
    check_cidr(text);
    check_addr(text);
    if (addr_text_parse_listen(text, true, &listen, NULL) == ERR_OK)
        require(strlen(listen.host) <= HOST_MAX && listen.is_name == (listen.host[0] != 0));
    return 0;
}
