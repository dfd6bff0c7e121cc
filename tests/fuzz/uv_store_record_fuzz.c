/* Whatever the bytes of a stored record: no crash; what is accepted can be written, and read again
 * as the same. */
#include <stdlib.h>

#include "uv/store_inside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static struct book_record record, again;
    uint8_t packed[STORE_RECORD_MAX], repacked[STORE_RECORD_MAX];
    if (!store_unpack(span_of(data, n), &record))
        return 0;
    require(record.known.sources_n > 0 && record.known.sources_n <= BOOK_SOURCES_MAX);
    require(record.buckets_n <= BOOK_REFS_MAX && record.known.last_failure < ERR_COUNT);
    size_t length = store_pack(&record, packed);
    require(store_unpack(span_of(packed, length), &again));
    require(store_pack(&again, repacked) == length && memcmp(packed, repacked, length) == 0);
    return 0;
}
