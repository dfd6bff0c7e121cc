/* What the tests of images share: entries as Go writes them, loading and saving. */
#ifndef UNIT_BOOK_IMAGE_KIT_H
#define UNIT_BOOK_IMAGE_KIT_H

#include "book/image.h"

#include "unit/book/kit.h"

#define ID_A "519cae93e93ad011d785355894405ed8fa8162c6"
#define ID_B "b9bef121776426480c44779d5a3de6320d7aa639"
#define NEVER "\"0001-01-01T00:00:00Z\""

/* An address and an entry as Go writes them, with the parts that tests vary. */
#define ADDR(id, ip, port) "{\"id\": \"" id "\", \"ip\": \"" ip "\", \"port\": " port "}"
#define ENTRY(addr, buckets, type)                                                                 \
    "{\"addr\": " addr ", \"src\": " ADDR(ID_B, "5.6.7.8",                                         \
        "26656") ", \"buckets\": " buckets ", \"attempts\": 2, \"bucket_type\": " type             \
                 ", \"last_attempt\": \"2022-11-22T06:49:01.66653533Z\", \"last_success\": " NEVER \
                 ", \"last_ban_time\": " NEVER "}"
#define GOOD_ADDR ADDR(ID_A, "1.2.3.4", "26656")
#define FILE_OF(entries) "{\"key\": \"e9ef76ba8b0ac2aa6acd688c\", \"addrs\": [" entries "]}"

static inline struct book_load_report load(struct book *book, const char *json)
{
    struct book_load_report report;
    if (book_load(book, at_ms(0), span_of_text(json), &report))
        fail_msg("line %u: %s", report.line, report.cause);
    check(book);
    return report;
}

static inline struct image_text save(const struct book *book)
{
    struct image_text text = {0};
    assert_int_equal(book_save(book, &text), ERR_OK);
    return text;
}

static inline const struct book_entry *find_text(const struct book *book, const char *id)
{
    struct peer_id parsed;
    assert_int_equal(peer_id_parse(span_of_text(id), &parsed), ERR_OK);
    return book_find(book, &parsed);
}

#endif
