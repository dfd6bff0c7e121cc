/* What the tests of the book share: a fixed clock, addresses by the number, books. */
#ifndef UNIT_BOOK_KIT_H
#define UNIT_BOOK_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "book/book.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define START_MS 1700000000000

static const uint8_t kit_entropy[BOOK_ENTROPY] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};

static inline struct now at_ms(int64_t after_start_ms)
{
    return (struct now){after_start_ms, START_MS + after_start_ms};
}

static inline struct peer_id id_number(uint32_t n)
{
    struct peer_id id = {{0xa5}};
    for (unsigned i = 0; i < 4; i++)
        id.bytes[PEER_ID_SIZE - 1 - i] = (uint8_t)(n >> (8 * i));
    return id;
}

static inline struct addr addr_at(uint32_t n, const char *ip, uint16_t port)
{
    struct addr addr = {id_number(n), {.port = port}};
    if (ip_parse(span_of_text(ip), &addr.at.ip))
        fail_msg("'%s' is no IP", ip);
    return addr;
}

/* The n-th address; each in a group of its own until 16,384, routable, never two the same. */
static inline struct addr addr_number(uint32_t n)
{
    uint32_t v4 = (64 + n % 32) << 24 | (n / 32 % 256) << 16 | (n / 8192 % 256) << 8 | 1;
    return (struct addr){id_number(n), {ip_of_v4(v4), 26656}};
}

/* The n-th source: in other groups than the addresses. */
static inline struct addr source_number(uint32_t n)
{
    uint32_t v4 = (32 + n % 16) << 24 | (n / 16 % 256) << 16 | (n / 4096 % 256) << 8 | 1;
    return (struct addr){id_number(0x80000000 | n), {ip_of_v4(v4), 26656}};
}

static inline struct book *book_of(struct book_settings settings)
{
    struct book *book;
    assert_int_equal(book_new(&settings, kit_entropy, &book), ERR_OK);
    return book;
}

static inline struct book *default_book(void)
{
    return book_of(book_settings_default());
}

static inline void check(const struct book *book)
{
    const char *broken = book_check(book);
    if (broken)
        fail_msg("%s", broken);
}

/* Checks and frees. */
static inline void done(struct book *book)
{
    check(book);
    book_free(book);
}

static inline struct rng seeded(uint64_t seed)
{
    struct rng rng;
    rng_seed(&rng, seed);
    return rng;
}

static inline void add_ok(struct book *book, struct addr addr, struct addr source)
{
    struct rng rng = seeded(1);
    assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
}

/* Adds the addresses [from, to), each from a source of its own, and marks good those below old_to.
 */
static inline void fill(struct book *book, uint32_t from, uint32_t to, uint32_t old_to)
{
    for (uint32_t n = from; n < to; n++) {
        struct addr addr = addr_number(n);
        add_ok(book, addr, source_number(n));
        if (n < old_to)
            assert_int_equal(book_mark_good(book, at_ms(0), &addr), ERR_OK);
    }
}

/* The entry of addr_number(n), or NULL. */
static inline const struct book_entry *entry_number(const struct book *book, uint32_t n)
{
    struct peer_id id = id_number(n);
    return book_find(book, &id);
}

/* The number behind an address of addr_number. */
static inline uint32_t number_of(const struct peer_id *id)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < 4; i++)
        n = n << 8 | id->bytes[PEER_ID_SIZE - 4 + i];
    return n;
}

static inline void assert_distinct(const struct addr *addrs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(peer_id_equal(&addrs[i].id, &addrs[j].id));
}

/* A book of one old bucket of `size` slots and a few new ones. */
static inline struct book *narrow_book(uint32_t size)
{
    struct book_settings settings = book_settings_default();
    settings.old_buckets = 1;
    settings.old_bucket_size = size;
    return book_of(settings);
}

static inline void verify(struct book *book, uint32_t from, uint32_t to, int64_t ms)
{
    for (uint32_t n = from; n < to; n++) {
        struct addr addr = addr_number(n);
        assert_int_equal(book_mark_success(book, at_ms(ms), &addr, 1), ERR_OK);
    }
}

#endif
