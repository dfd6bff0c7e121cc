/* The image as Go writes and reads it: addrbook.json (F7, F10). */
#include "unit/book/image_kit.h"

static void book_save_writes_what_go_writes(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_at(0, "1.2.3.4", 26656), source = addr_at(0, "2600::1", 26657);
    assert_int_equal(peer_id_parse(span_of_text(ID_A), &addr.id), ERR_OK);
    assert_int_equal(peer_id_parse(span_of_text(ID_B), &source.id), ERR_OK);
    assert_int_equal(book_add(book, at_ms(120), &rng, &addr, &source, NULL), ERR_OK);
    struct book_record record;
    book_record(book, book_find(book, &addr.id), &record);
    char expected[2000];
    snprintf(expected, sizeof expected,
        "{\n"
        "\t\"key\": \"0102030405060708090a0b0c\",\n"
        "\t\"addrs\": [\n"
        "\t\t{\n"
        "\t\t\t\"addr\": {\n"
        "\t\t\t\t\"id\": \"" ID_A "\",\n"
        "\t\t\t\t\"ip\": \"1.2.3.4\",\n"
        "\t\t\t\t\"port\": 26656\n"
        "\t\t\t},\n"
        "\t\t\t\"src\": {\n"
        "\t\t\t\t\"id\": \"" ID_B "\",\n"
        "\t\t\t\t\"ip\": \"2600::1\",\n"
        "\t\t\t\t\"port\": 26657\n"
        "\t\t\t},\n"
        "\t\t\t\"buckets\": [\n"
        "\t\t\t\t%u\n"
        "\t\t\t],\n"
        "\t\t\t\"attempts\": 0,\n"
        "\t\t\t\"bucket_type\": 1,\n"
        "\t\t\t\"last_attempt\": \"2023-11-14T22:13:20.12Z\",\n"
        "\t\t\t\"last_success\": \"0001-01-01T00:00:00Z\",\n"
        "\t\t\t\"last_ban_time\": \"0001-01-01T00:00:00Z\"\n"
        "\t\t}\n"
        "\t],\n"
        "\t\"luapex\": {\n"
        "\t\t\"bans\": [],\n"
        "\t\t\"peers\": []\n"
        "\t}\n"
        "}",
        record.buckets[0]);
    struct image_text text = save(book);
    assert_int_equal(text.n, strlen(expected));
    assert_memory_equal(text.at, expected, text.n);
    image_text_free(&text);
    done(book);
}

static void book_load_reads_what_go_wrote(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct book_load_report report = load(book, FILE_OF(ENTRY(GOOD_ADDR, "[252, 3]", "1")));
    assert_int_equal(report.listed, 1);
    assert_int_equal(report.kept, 1);
    assert_int_equal(report.replaced, 0);
    assert_false(report.key_replaced);
    assert_string_equal(book_key(book), "e9ef76ba8b0ac2aa6acd688c");
    const struct book_entry *entry = find_text(book, ID_A);
    struct book_record record;
    book_record(book, entry, &record);
    char text[ADDR_TEXT_MAX];
    assert_string_equal(addr_to_text(&entry->addr, text), ID_A "@1.2.3.4:26656");
    assert_string_equal(addr_to_text(book_source(book, entry, 0), text), ID_B "@5.6.7.8:26656");
    assert_int_equal(record.buckets_n, 2);
    assert_int_equal(record.buckets[0], 252);
    assert_int_equal(record.buckets[1], 3);
    assert_int_equal(entry->attempts, 2);
    assert_int_equal(entry->side, BOOK_NEW);
    assert_int_equal(entry->last_attempt_ms, 1669099741666);
    assert_int_equal(entry->last_success_ms, 0);
    done(book);
}

/* Go matches names without regard to case, and of equal ones the last counts. */
static void book_load_matches_names_like_go(void **state)
{
    (void)state;
    struct book *book = default_book();
    load(book,
        "{\"KEY\": \"first\", \"Key\": \"second\", \"extra\": [{}], \"ADDRS\": [], \"Addrs\": ["
        "{\"ADDR\": {\"ID\": \"" ID_B "\", \"id\": \"" ID_A "\", \"Ip\": \"1.2.3.4\", "
        "\"PORT\": 1, \"port\": 2, \"more\": {}}, \"Src\": null, \"Buckets\": [1], "
        "\"bucket_type\": 2, \"Bucket_Type\": 1, \"unknown\": \"x\"}]} and what follows");
    assert_string_equal(book_key(book), "second");
    const struct book_entry *entry = find_text(book, ID_A);
    assert_non_null(entry);
    assert_int_equal(entry->addr.at.port, 2);
    assert_int_equal(entry->side, BOOK_NEW);
    assert_int_equal(book_count(book), 1);
    done(book);
}

static void book_load_accepts_an_empty_book(void **state)
{
    (void)state;
    static const char *const files[] = {"{}", "{\"key\": \"\", \"addrs\": []}",
        "{\"key\": \"\", \"addrs\": null}", "{\"luapex\": null}", "{\"luapex\": [1]}"};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct book *book = default_book();
        struct book_load_report report = load(book, files[i]);
        assert_int_equal(report.listed, 0);
        assert_int_equal(report.key_replaced, i == 0 || i > 2);
        done(book);
    }
}

/* F10: what is unusable is skipped and counted by cause. */
static void F10_book_load_counts_what_it_skips_by_cause(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        size_t counter;
    } cases[] = {
#define CASE(counter_, ...) {__VA_ARGS__, offsetof(struct book_load_report, counter_)}
        CASE(bad_shape, "null"),
        CASE(bad_shape, "7"),
        CASE(bad_shape, "[]"),
        CASE(bad_shape, "{}"),
        CASE(bad_shape, ENTRY("7", "[1]", "1")),
        CASE(bad_id, ENTRY("null", "[1]", "1")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1]", "0")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1]", "3")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1]", "null")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1]", "1.5")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "7", "1")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1], \"attempts\": 2147483648", "1")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1], \"attempts\": \"2\"", "1")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1], \"Last_attempt\": \"yesterday\"", "1")),
        CASE(bad_shape, ENTRY(GOOD_ADDR, "[1], \"Last_success\": 5", "1")),
        CASE(bad_shape, ENTRY(ADDR(ID_A, "1.2.3.4", "65536"), "[1]", "1")),
        CASE(bad_shape, ENTRY(ADDR(ID_A, "1.2.3.4", "-1"), "[1]", "1")),
        CASE(bad_shape, ENTRY(ADDR(ID_A, "1.2.3.4", "\"80\""), "[1]", "1")),
        CASE(bad_id, ENTRY(ADDR("", "1.2.3.4", "1"), "[1]", "1")),
        CASE(bad_id,
            ENTRY(ADDR("519CAE93E93AD011D785355894405ED8FA8162C6", "1.2.3.4", "1"), "[1]",
                "1")), /* F20 */
        CASE(bad_id, ENTRY(ADDR(ID_A "00", "1.2.3.4", "1"), "[1]", "1")),
        CASE(bad_id,
            ENTRY(ADDR("0000000000000000000000000000000000000000", "1.2.3.4", "1"), "[1]", "1")),
        CASE(bad_id, ENTRY("{\"ip\": \"1.2.3.4\", \"port\": 1}", "[1]", "1")),
        CASE(bad_address, ENTRY(ADDR(ID_A, "", "1"), "[1]", "1")),
        CASE(bad_address, ENTRY(ADDR(ID_A, "1.2.3", "1"), "[1]", "1")),
        CASE(bad_address, ENTRY(ADDR(ID_A, "example.com", "1"), "[1]", "1")),
        CASE(bad_address, ENTRY(ADDR(ID_A, "0.0.0.0", "1"), "[1]", "1")),
        CASE(bad_address, ENTRY("{\"id\": \"" ID_A "\", \"port\": 1}", "[1]", "1")),
        CASE(non_routable, ENTRY(ADDR(ID_A, "10.0.0.1", "1"), "[1]", "1")),
        CASE(non_routable, ENTRY(ADDR(ID_A, "1.2.3.4", "0"), "[1]", "1")),
#undef CASE
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book *book = default_book();
        char json[4000];
        snprintf(json, sizeof json, FILE_OF("%s, " ENTRY(ADDR(ID_B, "9.9.9.9", "1"), "[5]", "2")),
            cases[i].entry);
        struct book_load_report report = load(book, json);
        uint32_t counted;
        memcpy(&counted, (char *)&report + cases[i].counter, sizeof counted);
        if (counted != 1 || report.kept != 1 || report.listed != 2)
            fail_msg("%s: counted %u, kept %u", cases[i].entry, counted, report.kept);
        assert_non_null(find_text(book, ID_B)); /* the next entry is read none the less */
        done(book);
    }
}

/* F10: an unusable bucket is no reason to lose an address. */
static void F10_book_load_places_anew_what_has_unusable_buckets(void **state)
{
    (void)state;
    static const struct {
        const char *buckets, *type;
    } cases[] = {{"[]", "1"}, {"null", "1"}, {"[256]", "1"}, {"[-1]", "1"}, {"[1.5]", "1"},
        {"[\"1\"]", "1"}, {"[1,2,3,4,5]", "1"}, {"[99999999999]", "1"}, {"[]", "2"}, {"[64]", "2"},
        {"[1,2]", "2"}, {"[4294967295]", "2"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book *book = default_book();
        char json[2000];
        snprintf(json, sizeof json, FILE_OF(ENTRY(GOOD_ADDR, "%s", "%s")), cases[i].buckets,
            cases[i].type);
        struct book_load_report report = load(book, json);
        if (report.kept != 1 || report.replaced != 1)
            fail_msg("%s %s: kept %u, replaced %u", cases[i].buckets, cases[i].type, report.kept,
                report.replaced);
        assert_int_equal(find_text(book, ID_A)->side, cases[i].type[0] - '0');
        done(book);
    }
}

static void book_load_keeps_the_usable_among_several_buckets(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct book_record record;
    struct book_load_report report = load(book, FILE_OF(ENTRY(GOOD_ADDR, "[7, 900, 7, 8]", "1")));
    assert_int_equal(report.replaced, 0);
    book_record(book, find_text(book, ID_A), &record);
    assert_int_equal(record.buckets_n, 2);
    assert_int_equal(record.buckets[0], 7);
    assert_int_equal(record.buckets[1], 8);
    done(book);
}

static void F10_book_load_leaves_out_own_private_and_banned(void **state)
{
    (void)state;
    const char *json = FILE_OF(ENTRY(GOOD_ADDR, "[1]", "1"));
    struct peer_id id;
    assert_int_equal(peer_id_parse(span_of_text(ID_A), &id), ERR_OK);
    struct ban_target target = ban_of_id(&id);
    for (unsigned kind = 0; kind < 3; kind++) {
        struct book *book = default_book();
        if (kind == 0)
            book_set_own_id(book, &id);
        else if (kind == 1)
            assert_int_equal(book_set_private(book, &id, 1), ERR_OK);
        else
            assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "test"), ERR_OK);
        struct book_load_report report = load(book, json);
        assert_int_equal(report.excluded, 1);
        assert_int_equal(report.kept, 0);
        done(book);
    }
}

static void book_load_keeps_the_first_of_duplicate_ids(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct book_load_report report = load(book,
        FILE_OF(ENTRY(GOOD_ADDR, "[1]", "1") "," ENTRY(ADDR(ID_A, "9.9.9.9", "1"), "[2]", "2")));
    assert_int_equal(report.duplicate, 1);
    assert_int_equal(report.kept, 1);
    assert_int_equal(find_text(book, ID_A)->addr.at.port, 26656);
    done(book);
}

/* F7, F10: over-full buckets overflow into the right place, then into the new ones, then out. */
static void book_load_never_overfills_a_bucket(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.old_buckets = 1;
    settings.old_bucket_size = 2;
    settings.new_buckets = 1;
    settings.new_bucket_size = 3;
    struct book *wide = default_book(), *narrow = book_of(settings);
    fill(wide, 0, 12, 7);
    struct image_text text = save(wide);
    struct book_load_report report;
    assert_int_equal(book_load(narrow, at_ms(0), span_of(text.at, text.n), &report), ERR_OK);
    assert_int_equal(report.listed, 12);
    assert_int_equal(report.kept, 5);
    assert_int_equal(report.no_room, 7);
    assert_int_equal(report.demoted, 3);
    assert_int_equal(book_count_side(narrow, BOOK_OLD), 2);
    image_text_free(&text);
    done(wide);
    done(narrow);
}

/* An undecodable file changes nothing and says where it is broken. */
static void book_load_refuses_what_is_undecodable(void **state)
{
    (void)state;
    static const struct {
        const char *json, *cause;
        uint32_t line;
    } cases[] = {{"", "unexpected end", 1}, {"\n\n{\n", "expected a member's name", 4},
        {"[]", "not a JSON object", 1}, {"\"text\"", "not a JSON object", 1},
        {"{\n\"addrs\":\n 7}", "addrs is not a list", 3},
        {"{\"key\": \"x\", \"addrs\": [" ENTRY(GOOD_ADDR, "[1]", "1") ",\n", "unexpected end", 2}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct book *book = default_book();
        struct book_load_report report;
        uint64_t revision = book_revision(book);
        assert_int_equal(
            book_load(book, at_ms(0), span_of_text(cases[i].json), &report), ERR_CORRUPT);
        assert_string_equal(report.cause, cases[i].cause);
        assert_int_equal(report.line, cases[i].line);
        assert_int_equal(book_count(book), 0);
        assert_int_equal(book_revision(book), revision);
        assert_string_equal(book_key(book), "0102030405060708090a0b0c");
        done(book);
    }
}

static void book_load_needs_an_empty_book(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct book_load_report report;
    fill(book, 0, 1, 0);
    assert_int_equal(book_load(book, at_ms(0), span_of_text("{}"), &report), ERR_INVALID);
    assert_int_equal(book_count(book), 1);
    done(book);
}

/* Times ahead of the clock would keep an entry from ever being bad. */
static void book_load_turns_back_times_ahead_of_the_clock(void **state)
{
    (void)state;
    struct book *book = default_book();
    load(book,
        "{\"addrs\": [{\"addr\": " GOOD_ADDR ", \"buckets\": [1], \"bucket_type\": 1, "
        "\"last_attempt\": \"2999-01-01T00:00:00Z\", \"attempts\": -5, "
        "\"last_success\": \"2998-01-01T00:00:00Z\"}]}");
    const struct book_entry *entry = find_text(book, ID_A);
    assert_int_equal(entry->last_attempt_ms, START_MS);
    assert_int_equal(entry->last_success_ms, START_MS);
    assert_int_equal(entry->first_seen_ms, START_MS);
    assert_int_equal(entry->attempts, 0);
    done(book);
}

/* Without a usable source an entry counts as announced by itself. */
static void book_load_takes_the_address_for_a_missing_source(void **state)
{
    (void)state;
    struct book *book = default_book();
    load(book,
        "{\"addrs\": [{\"addr\": " GOOD_ADDR ", \"src\": {\"id\": \"x\"}, \"bucket_type\": 1}]}");
    const struct book_entry *entry = find_text(book, ID_A);
    assert_true(addr_equal(book_source(book, entry, 0), &entry->addr));
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_save_writes_what_go_writes),
        cmocka_unit_test(book_load_reads_what_go_wrote),
        cmocka_unit_test(book_load_matches_names_like_go),
        cmocka_unit_test(book_load_accepts_an_empty_book),
        cmocka_unit_test(F10_book_load_counts_what_it_skips_by_cause),
        cmocka_unit_test(F10_book_load_places_anew_what_has_unusable_buckets),
        cmocka_unit_test(book_load_keeps_the_usable_among_several_buckets),
        cmocka_unit_test(F10_book_load_leaves_out_own_private_and_banned),
        cmocka_unit_test(book_load_keeps_the_first_of_duplicate_ids),
        cmocka_unit_test(book_load_never_overfills_a_bucket),
        cmocka_unit_test(book_load_refuses_what_is_undecodable),
        cmocka_unit_test(book_load_needs_an_empty_book),
        cmocka_unit_test(book_load_turns_back_times_ahead_of_the_clock),
        cmocka_unit_test(book_load_takes_the_address_for_a_missing_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
