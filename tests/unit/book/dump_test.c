/* A book that was written and read back is the same in all it does. */
#include "book/dump.h"

#include "book/changes.h"
#include "unit/book/kit.h"

#define ADDRESSES 400
#define SOURCES 60

static struct book_settings small_settings(void)
{
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 16;
    settings.new_bucket_size = 8;
    settings.old_buckets = 8;
    settings.old_bucket_size = 4;
    settings.bans_max = 20;
    return settings;
}

static struct codec dump_of(struct book *book)
{
    struct codec codec = codec_writer();
    book_code(&codec, &book);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

static struct book *read_back(struct span bytes)
{
    struct codec codec = codec_reader(bytes);
    struct book *book = NULL;
    book_code(&codec, &book);
    assert_int_equal(codec_end(&codec), ERR_OK);
    assert_null(book_check(book));
    return book;
}

/* ---- whatever may happen to a book ---- */

static void take(struct book *book, uint32_t max)
{
    struct book_changes changes;
    if (book_take_changes(book, max, &changes) != ERR_OK)
        return;
    if (changes.n % 3 == 0)
        book_unsaved(book, &changes);
    book_free_changes(&changes);
}

static void ban(struct book *book, struct now now, struct rng *rng, const struct addr *addr)
{
    struct ban_target target = ban_of_id(&addr->id);
    struct cidr range = cidr_of(&addr->at.ip, (uint8_t)(120 + rng_below(rng, 8)));
    switch (rng_below(rng, 3)) {
    case 0:
        break;
    case 1:
        target = ban_of_cidr(&range);
        break;
    default:
        target = ban_of_pair(addr);
    }
    book_ban(book, now, &target, (int64_t)rng_below(rng, 100000) + 1, "test");
}

static void mark(struct book *book, struct now now, struct rng *rng, const struct addr *addr)
{
    switch (rng_below(rng, 6)) {
    case 0:
        book_mark_attempt(book, now, addr, ERR_REFUSED);
        break;
    case 1:
        book_mark_success(book, now, addr, 7);
        break;
    case 2:
        book_mark_good(book, now, addr);
        break;
    case 3:
        book_mark_answer(book, addr);
        break;
    case 4:
        book_mark_version(book, addr, span_of(&"v1v2v3"[rng_below(rng, 5)], 2));
        break;
    default:
        book_set_connected(book, &addr->id, rng_below(rng, 2));
    }
}

static void change(struct book *book, struct now now, struct rng *rng)
{
    struct addr addr = addr_number((uint32_t)rng_below(rng, ADDRESSES));
    struct addr source = source_number((uint32_t)rng_below(rng, SOURCES));
    struct addr drawn[32];
    switch (rng_below(rng, 12)) {
    case 0:
        book_remove(book, &addr.id);
        break;
    case 1:
        ban(book, now, rng, &addr);
        break;
    case 2:
        book_reinstate_expired(book, now, rng);
        break;
    case 3:
        book_pick(book, now, rng, 50);
        break;
    case 4:
        book_select(book, now, rng, &(struct book_selection){.count = 32}, drawn);
        break;
    case 5:
        take(book, 1 + (uint32_t)rng_below(rng, 30));
        break;
    case 6:
    case 7:
        mark(book, now, rng, &addr);
        break;
    default:
        book_add(book, now, rng, &addr, &source, NULL);
    }
}

static void change_often(struct book *book, struct rng *rng, unsigned from, unsigned n)
{
    for (unsigned i = from; i < from + n; i++)
        change(book, at_ms((int64_t)i * 50), rng);
}

static void assert_same(struct book *one, struct book *other)
{
    struct codec a = dump_of(one), b = dump_of(other);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.out, b.out, a.n);
    codec_free(&a);
    codec_free(&b);
}

static void a_book_read_back_goes_on_as_the_one_written(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct book *book = book_of(small_settings());
        struct rng rng;
        rng_seed(&rng, seed);
        for (unsigned round = 0; round < 8; round++) {
            change_often(book, &rng, round * 700, 500);
            struct codec bytes = dump_of(book);
            struct book *copy = read_back(codec_written(&bytes));
            struct rng again = rng;
            assert_same(book, copy);
            change_often(book, &rng, round * 700 + 500, 200);
            change_often(copy, &again, round * 700 + 500, 200);
            assert_memory_equal(&rng, &again, sizeof rng);
            assert_same(book, copy);
            book_free(copy);
            codec_free(&bytes);
        }
        book_free(book);
    }
}

static struct book *used_book(void)
{
    struct book *book = book_of(small_settings());
    struct rng rng;
    rng_seed(&rng, 99);
    book_set_own_id(book, &(struct peer_id){{9}});
    book_add_own(book, &(struct addr){{{9}}, {ip_of_v4(0x08080808), 1}});
    book_set_private(book, (struct peer_id[]){{{8}}, {{7}}}, 2);
    change_often(book, &rng, 0, 900);
    return book;
}

static bool is_refused(struct span bytes)
{
    struct codec codec = codec_reader(bytes);
    struct book *book = NULL;
    book_code(&codec, &book);
    if (codec_end(&codec) == ERR_OK) {
        assert_null(book_check(book));
        book_free(book);
        return false;
    }
    assert_int_equal(codec.err, ERR_CORRUPT);
    book_free(book); /* bytes were left over */
    return true;
}

static void an_empty_book_and_who_is_excluded_come_back(void **state)
{
    (void)state;
    struct book *empty = book_of(small_settings()), *used = used_book();
    struct codec a = dump_of(empty), b = dump_of(used);
    struct book *copies[] = {read_back(codec_written(&a)), read_back(codec_written(&b))};
    assert_same(empty, copies[0]);
    assert_same(used, copies[1]);
    assert_string_equal(book_key(empty), book_key(copies[0]));
    assert_true(book_is_private(copies[1], &(struct peer_id){{7}}));
    assert_true(book_is_own(copies[1], &(struct addr){{{5}}, {ip_of_v4(0x08080808), 1}}));
    for (unsigned i = 0; i < COUNT(copies); i++)
        book_free(copies[i]);
    book_free(empty);
    book_free(used);
    codec_free(&a);
    codec_free(&b);
}

static void cut_bytes_are_refused(void **state)
{
    (void)state;
    struct book *book = used_book();
    struct codec bytes = dump_of(book);
    for (size_t n = 0; n < bytes.n; n += 1 + n / 64)
        assert_true(is_refused(span_of(bytes.out, n)));
    codec_free(&bytes);
    book_free(book);
}

static void changed_bytes_give_a_sound_book_or_none(void **state)
{
    (void)state;
    struct book *book = used_book();
    struct codec bytes = dump_of(book);
    struct rng rng;
    unsigned refused = 0;
    rng_seed(&rng, 5);
    for (unsigned i = 0; i < 400; i++) {
        size_t at = rng_below(&rng, bytes.n);
        uint8_t before = bytes.out[at];
        bytes.out[at] ^= (uint8_t)(1 << rng_below(&rng, 8));
        refused += is_refused(codec_written(&bytes));
        bytes.out[at] = before;
    }
    assert_true(refused > 0);
    codec_free(&bytes);
    book_free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_book_read_back_goes_on_as_the_one_written),
        cmocka_unit_test(an_empty_book_and_who_is_excluded_come_back),
        cmocka_unit_test(cut_bytes_are_refused),
        cmocka_unit_test(changed_bytes_give_a_sound_book_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
