/* Whatever the bytes: no crash; what is refused says where and leaves the result alone; what is
 * accepted answers look-ups with tags of at most TAG_MAX bytes. */
#include <stdlib.h>

#include "addr/tags.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void check_look_ups(const struct tags *tags, const uint8_t *data, size_t n)
{
    for (size_t i = 0; i + 16 <= n && i < 64 * 16; i += 16) {
        struct ip ip;
        memcpy(ip.bytes, data + i, sizeof ip.bytes);
        require(strlen(tags_find(tags, &ip)) <= TAG_MAX);
    }
    struct ip zero = {{0}};
    require(tags_count(tags) > 0 || *tags_find(tags, &zero) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct tags *tags = NULL;
    struct tags_error error = {0};
    enum err err = tags_parse(span_of(data, n), &tags, &error);
    if (err) {
        require(!tags && error.what && error.line <= n + 1);
        return 0;
    }
    check_look_ups(tags, data, n);
    tags_free(tags);
    return 0;
}
