/* Node info: what decodes encodes again to the same content, and every check of it ends with one of
 * its errors. Input: a node info body. */
#include "wire/node_info.h"

#include "base/varint.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

static bool same(const struct node_info *a, const struct node_info *b)
{
    return a->p2p_version == b->p2p_version && a->block_version == b->block_version &&
        a->app_version == b->app_version && span_equal(a->id, b->id) &&
        span_equal(a->listen_addr, b->listen_addr) && span_equal(a->network, b->network) &&
        span_equal(a->version, b->version) && span_equal(a->channels, b->channels) &&
        span_equal(a->moniker, b->moniker) && span_equal(a->tx_index, b->tx_index) &&
        span_equal(a->rpc_address, b->rpc_address);
}

/* The shortest body may be 4 bytes longer than the one read: both embedded messages are written. */
static void encode_again(const struct node_info *info)
{
    static uint8_t out[NODE_INFO_BODY_MAX + VARINT_MAX];
    struct node_info again;
    uint64_t body_n;
    size_t n;
    enum err err = node_info_encode(info, out, sizeof out, &n);
    require(err == ERR_OK || err == ERR_TOO_LONG);
    if (err)
        return;
    struct span body = span_of(out, n);
    require(varint_take(&body, &body_n) == ERR_OK && body_n == body.n);
    require(node_info_decode(body, &again) == ERR_OK);
    require(same(info, &again));
}

static void check(const struct node_info *info)
{
    const char *why = NULL;
    struct addr addr;
    enum err valid = node_info_validate(info, &why);
    enum err listen = node_info_listen(info, &addr);
    require(valid == ERR_OK ? why == NULL : valid == ERR_NODE_INFO && why != NULL);
    require(listen == ERR_OK || listen == ERR_ADDR_UNRESOLVED || listen == ERR_LISTEN_ADDRESS);
    require(valid != ERR_OK || listen != ERR_LISTEN_ADDRESS);
    enum err own = node_info_compatible(info, info);
    require(own == ERR_OK);
    node_info_has_channel(info, PEX_CHANNEL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct node_info info;
    if (n > NODE_INFO_BODY_MAX || node_info_decode(span_of(bytes, n), &info))
        return 0;
    encode_again(&info);
    check(&info);
    return 0;
}
