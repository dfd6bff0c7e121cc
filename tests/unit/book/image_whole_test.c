/* Whole books to an image and back, and images that are cut or damaged. */
#include "unit/book/image_kit.h"

/* A book with a bit of everything. */
static struct book *rich_book(uint32_t size)
{
    struct book *book = default_book();
    struct rng rng = seeded(3);
    fill(book, 0, size, size / 3);
    for (uint32_t n = 0; n < size; n++) {
        struct addr addr = addr_number(n), source = source_number(n + 1);
        struct ban_target id = ban_of_id(&addr.id), pair = ban_of_pair(&addr);
        struct now now = at_ms(n * 777);
        if (n % 2 == 0)
            book_add(book, now, &rng, &addr, &source, NULL);
        if (n % 3 == 0)
            book_mark_attempt(book, now, &addr, ERR_TIMEOUT);
        if (n % 5 == 0)
            book_mark_success(book, now, &addr, n + 1);
        if (n % 7 == 0)
            book_mark_answer(book, &addr);
        if (n % 11 == 0)
            book_mark_version(book, &addr, span_of_text(n % 2 ? "0.34.24" : "1.0 \"x\\"));
        if (n % 50 == 49)
            book_ban(book, now, n % 100 == 99 ? &id : &pair, 60000 * n, "said \"no\" \\ twice");
    }
    struct cidr cidr;
    assert_int_equal(cidr_parse(span_of_text("2001:db8::/32"), &cidr), ERR_OK);
    struct ban_target range = ban_of_cidr(&cidr);
    book_ban(book, at_ms(5), &range, NEVER_MS, "for ever");
    return book;
}

static void assert_same_entry(
    const struct book *a, const struct book_entry *x, const struct book *b)
{
    const struct book_entry *y = book_find(b, &x->addr.id);
    struct book_record of_x, of_y;
    assert_non_null(y);
    book_record(a, x, &of_x);
    book_record(b, y, &of_y);
    assert_true(addr_equal(&x->addr, &y->addr));
    assert_int_equal(x->side, y->side);
    assert_int_equal(of_x.buckets_n, of_y.buckets_n);
    assert_memory_equal(of_x.buckets, of_y.buckets, sizeof of_x.buckets);
    assert_memory_equal(of_x.sources, of_y.sources, sizeof of_x.sources);
    assert_int_equal(x->sources_n, y->sources_n);
    assert_memory_equal(of_x.heard_s, of_y.heard_s, sizeof of_x.heard_s);
    assert_string_equal(of_x.version, of_y.version);
    assert_memory_equal(x->failures, y->failures, sizeof x->failures);
    assert_int_equal(x->dials.first_s, y->dials.first_s);
    assert_int_equal(x->dials.last_s, y->dials.last_s);
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        assert_float_equal(x->dials.good[i], y->dials.good[i], 1e-6F);
        assert_float_equal(x->dials.tries[i], y->dials.tries[i], 1e-6F);
    }
    assert_int_equal(x->attempts, y->attempts);
    assert_int_equal(x->rtt_ms, y->rtt_ms);
    assert_int_equal(x->answers, y->answers);
    assert_int_equal(x->bans, y->bans);
    assert_int_equal(x->last_failure, y->last_failure);
    assert_int_equal(x->first_seen_ms, y->first_seen_ms);
    assert_int_equal(x->last_attempt_ms, y->last_attempt_ms);
    assert_int_equal(x->last_success_ms, y->last_success_ms);
    assert_int_equal(x->last_verified_ms, y->last_verified_ms);
    assert_int_equal(x->last_ban_ms, y->last_ban_ms);
}

static void assert_same_bans(const struct bans *a, const struct bans *b)
{
    assert_int_equal(bans_count(a), bans_count(b));
    for (uint32_t i = 0; i < bans_count(a); i++) {
        const struct ban *x = bans_at(a, i), *y = bans_find(b, &x->target);
        int64_t latest_ms = 253402300799999; /* what RFC 3339 can say */
        assert_non_null(y);
        assert_int_equal(x->until_ms < latest_ms ? x->until_ms : latest_ms, y->until_ms);
        assert_int_equal(x->since_ms, y->since_ms);
        assert_int_equal(x->times, y->times);
        assert_string_equal(x->reason, y->reason);
        assert_int_equal(x->has_addr, y->has_addr);
        assert_memory_equal(&x->addr, &y->addr, sizeof x->addr);
        assert_memory_equal(&x->source, &y->source, sizeof x->source);
    }
}

/* TestAddrBookSaveLoad, and F5: bans are saved. */
static void book_comes_back_from_its_image_as_it_was(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 100, 2000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct book *book = rich_book(sizes[i]), *back = default_book();
        struct image_text text = save(book);
        struct book_load_report report;
        struct now later = at_ms(HOURS_MS(1));
        uint32_t cursor = 0;
        assert_int_equal(book_load(back, later, span_of(text.at, text.n), &report), ERR_OK);
        assert_int_equal(report.kept, book_count(book));
        assert_int_equal(report.replaced, 0);
        assert_int_equal(report.bans_kept, report.bans_listed);
        assert_string_equal(book_key(book), book_key(back));
        assert_int_equal(book_count(book), book_count(back));
        for (const struct book_entry *entry; (entry = book_next(book, &cursor));)
            assert_same_entry(book, entry, back);
        assert_same_bans(book_bans(book), book_bans(back));
        image_text_free(&text);
        done(book);
        done(back);
    }
}

/* F11: after a restart the same key places as before, so group limits hold over restarts. */
static void F11_book_places_alike_after_a_reload(void **state)
{
    (void)state;
    struct book *book = default_book(), *back;
    struct book_settings settings = book_settings_default();
    uint8_t entropy[BOOK_ENTROPY] = {99};
    assert_int_equal(book_new(&settings, entropy, &back), ERR_OK);
    fill(book, 0, 10, 0);
    struct image_text text = save(book);
    struct book_load_report report;
    assert_int_equal(book_load(back, at_ms(0), span_of(text.at, text.n), &report), ERR_OK);
    fill(book, 10, 60, 0);
    fill(back, 10, 60, 0);
    for (uint32_t n = 0; n < 60; n++) {
        struct book_record a, b;
        book_record(book, entry_number(book, n), &a);
        book_record(back, entry_number(back, n), &b);
        assert_int_equal(a.buckets[0], b.buckets[0]);
    }
    image_text_free(&text);
    done(book);
    done(back);
}

/* Go ends its process on bucket indexes beyond its own. */
static void book_save_stays_within_tendermints_dimensions(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 4096;
    settings.old_buckets = 1024;
    struct book *wide = book_of(settings), *back = default_book();
    fill(wide, 0, 20000, 4000);
    struct image_text text = save(wide);
    struct book_load_report report;
    assert_int_equal(book_load(back, at_ms(0), span_of(text.at, text.n), &report), ERR_OK);
    assert_true(text.left_out > 0);
    assert_int_equal(report.listed + text.left_out, book_count(wide));
    assert_int_equal(report.kept, report.listed);
    assert_int_equal(report.replaced, 0);
    image_text_free(&text);
    done(wide);
    done(back);
}

static void book_load_tells_malformed_bans_apart(void **state)
{
    (void)state;
    struct book *book = default_book();
#define BAN(members) "{" members ", \"until\": \"2030-01-01T00:00:00Z\"}"
    struct book_load_report report = load(book,
        "{\"luapex\": {\"bans\": [7, {}, " BAN("\"id\": \"" ID_A "\"") "," BAN(
            "\"cidr\": "
            "\"10.0.0.0/8\"") "," BAN("\"cidr\": \"10.0.0.1/8\"") "," BAN("\"id\": "
                                                                          "\"nobody"
                                                                          "\"") "," BAN("\"pair\": "
                                                                                        "{\"id\": "
                                                                                        "\"" ID_B
                                                                                        "\"}") "," BAN("\"pair\": " ADDR(ID_B,
            "1.1.1.1", "1")) "," BAN("\"id\": \"" ID_A
                                     "\", \"cidr\": \"10.0.0.0/8\"") ","
                                                                     "{\"id\": \"" ID_B
                                                                     "\", \"until\": 7}]}}");
#undef BAN
    assert_int_equal(report.bans_listed, 10);
    assert_int_equal(report.bans_kept, 3);
    assert_int_equal(bans_count(book_bans(book)), 3);
    done(book);
}

/* Whoever is listed although a ban of it ran out is simply there. */
static void book_load_settles_bans_that_ran_out(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    load(book,
        "{\"luapex\": {\"bans\": [{\"id\": \"" ID_A "\", \"until\": \"2020-01-01T00:00:00Z\", "
        "\"times\": 4}, {\"id\": \"" ID_B
        "\", \"until\": \"2020-01-01T00:00:00Z\", \"addr\": " ADDR(ID_B, "9.9.9.9",
            "1") ", \"src\": " GOOD_ADDR "}]}, \"addrs\": [" ENTRY(GOOD_ADDR, "[1]", "1") "]}");
    assert_int_equal(find_text(book, ID_A)->bans, 4);
    assert_int_equal(bans_count(book_bans(book)), 1);
    assert_null(find_text(book, ID_B));
    assert_int_equal(book_reinstate_expired(book, at_ms(0), &rng), 1);
    assert_non_null(find_text(book, ID_B));
    done(book);
}

/* What others publish is hearsay. */
static void book_merge_adds_unknown_ids_as_new(void **state)
{
    (void)state;
    struct book *theirs = rich_book(300), *ours = default_book();
    struct book_load_report report;
    fill(ours, 100, 200, 50);
    struct addr known = addr_number(150);
    assert_int_equal(book_mark_attempt(ours, at_ms(9), &known, ERR_RESET), ERR_OK);
    struct image_text text = save(theirs);
    assert_int_equal(book_merge(ours, at_ms(77), span_of(text.at, text.n), &report), ERR_OK);
    check(ours);
    assert_int_equal(report.listed, book_count(theirs));
    assert_int_equal(report.kept + report.duplicate, report.listed);
    assert_int_equal(book_count(ours), 100 + report.kept);
    assert_string_equal(book_key(ours), "0102030405060708090a0b0c");
    assert_int_equal(bans_count(book_bans(ours)), 0);
    const struct book_entry *entry = entry_number(ours, 5);
    assert_int_equal(entry->side, BOOK_NEW);
    assert_int_equal(entry->last_success_ms, 0);
    assert_int_equal(entry->last_verified_ms, 0);
    assert_int_equal(entry->first_seen_ms, START_MS + 77);
    assert_int_equal(entry_number(ours, 150)->attempts, 1);
    image_text_free(&text);
    done(theirs);
    done(ours);
}

/* Every cut of an image is refused and changes nothing. */
static void book_load_refuses_every_truncated_image(void **state)
{
    (void)state;
    struct book *book = rich_book(60), *back = default_book();
    struct image_text text = save(book);
    for (size_t n = 0; n < text.n; n += 1 + n / 97) {
        struct book_load_report report;
        char *cut = malloc(n + 1);
        memcpy(cut, text.at, n);
        assert_int_equal(book_load(back, at_ms(0), span_of(cut, n), &report), ERR_CORRUPT);
        assert_true(report.line > 0 && report.cause[0] != 0);
        free(cut);
    }
    assert_int_equal(book_count(back), 0);
    image_text_free(&text);
    done(book);
    done(back);
}

/* One byte changed: refused, or loaded with a book that holds together. */
static void book_load_survives_every_damaged_byte(void **state)
{
    (void)state;
    struct book *book = rich_book(60);
    struct image_text text = save(book);
    struct rng rng = seeded(4);
    for (unsigned round = 0; round < 400; round++) {
        size_t at = rng_below(&rng, text.n);
        char kept = text.at[at];
        text.at[at] = (char)rng_next(&rng);
        struct book *back = default_book();
        struct book_load_report report;
        enum err err = book_load(back, at_ms(0), span_of(text.at, text.n), &report);
        assert_true(err == ERR_OK || err == ERR_CORRUPT);
        text.at[at] = kept;
        done(back);
    }
    image_text_free(&text);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_comes_back_from_its_image_as_it_was),
        cmocka_unit_test(F11_book_places_alike_after_a_reload),
        cmocka_unit_test(book_save_stays_within_tendermints_dimensions),
        cmocka_unit_test(book_load_tells_malformed_bans_apart),
        cmocka_unit_test(book_load_settles_bans_that_ran_out),
        cmocka_unit_test(book_merge_adds_unknown_ids_as_new),
        cmocka_unit_test(book_load_refuses_every_truncated_image),
        cmocka_unit_test(book_load_survives_every_damaged_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
