#include "book/bans.h"

#include "unit/book/kit.h"

static const uint8_t hash_key[16] = {9};

static struct bans *table(uint32_t max)
{
    struct bans *bans;
    assert_int_equal(bans_new(max, hash_key, &bans), ERR_OK);
    return bans;
}

static void drop_table(struct bans *bans)
{
    assert_null(bans_check(bans));
    bans_free(bans);
}

static struct cidr cidr_from(const char *text)
{
    struct cidr cidr;
    if (cidr_parse(span_of_text(text), &cidr))
        fail_msg("'%s' does not parse", text);
    return cidr;
}

static struct ban ban_until(struct ban_target target, int64_t end_ms, const char *reason)
{
    struct ban ban = {.target = target, .since_ms = START_MS, .until_ms = START_MS + end_ms};
    snprintf(ban.reason, sizeof ban.reason, "%s", reason);
    return ban;
}

static void put(struct bans *bans, struct ban_target target, int64_t end_ms)
{
    struct ban ban = ban_until(target, end_ms, "test");
    assert_int_equal(bans_put(bans, &ban), ERR_OK);
}

static struct ban_target id_target(uint32_t n)
{
    struct peer_id id = id_number(n);
    return ban_of_id(&id);
}

static struct ban_target range_target(const char *text)
{
    struct cidr cidr = cidr_from(text);
    return ban_of_cidr(&cidr);
}

static bool is_banned_ip(const struct bans *bans, const char *text)
{
    struct ip ip;
    assert_int_equal(ip_parse(span_of_text(text), &ip), ERR_OK);
    return bans_by_ip(bans, at_ms(0), &ip) != NULL;
}

static void bans_hold_until_their_end(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    struct peer_id id = id_number(1), other = id_number(2);
    put(bans, id_target(1), 1000);
    assert_non_null(bans_by_id(bans, at_ms(0), &id));
    assert_non_null(bans_by_id(bans, at_ms(999), &id));
    assert_null(bans_by_id(bans, at_ms(1000), &id));
    assert_null(bans_by_id(bans, at_ms(0), &other));
    assert_int_equal(bans_count(bans), 1); /* the record stays */
    drop_table(bans);
}

/* K3, B45 */
static void K3_bans_are_never_shortened(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    struct ban_target target = id_target(1);
    struct ban longer = ban_until(target, 5000, "long"), shorter = ban_until(target, 10, "short");
    assert_int_equal(bans_put(bans, &longer), ERR_OK);
    assert_int_equal(bans_put(bans, &shorter), ERR_OK);
    const struct ban *kept = bans_find(bans, &target);
    assert_int_equal(kept->until_ms, START_MS + 5000);
    assert_string_equal(kept->reason, "long");
    assert_int_equal(kept->times, 1); /* it changed nothing */
    struct ban longest = ban_until(target, 9000, "longest");
    assert_int_equal(bans_put(bans, &longest), ERR_OK);
    kept = bans_find(bans, &target);
    assert_int_equal(kept->until_ms, START_MS + 9000);
    assert_string_equal(kept->reason, "longest");
    assert_int_equal(kept->times, 2);
    drop_table(bans);
}

static void bans_match_ranges_of_several_lengths(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    put(bans, range_target("10.0.0.0/8"), 1000);
    put(bans, range_target("11.1.0.0/16"), 1000);
    put(bans, range_target("12.1.2.3"), 1000);
    put(bans, range_target("2001:db8::/32"), 1000);
    assert_true(is_banned_ip(bans, "10.255.0.1"));
    assert_true(is_banned_ip(bans, "11.1.255.1"));
    assert_false(is_banned_ip(bans, "11.2.0.1"));
    assert_true(is_banned_ip(bans, "12.1.2.3"));
    assert_false(is_banned_ip(bans, "12.1.2.4"));
    assert_true(is_banned_ip(bans, "2001:db8:1::1"));
    assert_false(is_banned_ip(bans, "2001:db9::1"));
    assert_true(bans_has_ranges(bans));
    struct ban_target target = range_target("10.0.0.0/8");
    assert_int_equal(bans_lift(bans, &target), ERR_OK);
    assert_false(is_banned_ip(bans, "10.255.0.1"));
    assert_true(is_banned_ip(bans, "11.1.255.1"));
    drop_table(bans);
}

/* wire.md 1.4: an IPv4 address is tested against IPv4 ranges only, and the other way round. */
static void bans_keep_the_address_families_apart(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    put(bans, range_target("::/0"), 1000);
    assert_true(is_banned_ip(bans, "2600::1"));
    assert_false(is_banned_ip(bans, "8.8.8.8"));
    put(bans, range_target("0.0.0.0/0"), 1000);
    assert_true(is_banned_ip(bans, "8.8.8.8"));
    struct ban_target all = range_target("::/0");
    assert_int_equal(bans_lift(bans, &all), ERR_OK);
    assert_false(is_banned_ip(bans, "2600::1"));
    drop_table(bans);
}

static void ban_of_cidr_clears_the_bits_below_the_mask(void **state)
{
    (void)state;
    struct cidr sloppy = {cidr_from("10.1.2.3").ip, 96 + 12};
    struct ban_target target = ban_of_cidr(&sloppy), clean = range_target("10.0.0.0/12");
    assert_memory_equal(&target, &clean, sizeof target);
}

/* F3 */
static void F3_bans_of_a_pair_leave_the_id_and_the_endpoint_alone(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    struct addr pair = addr_number(1), elsewhere = addr_number(2), other = addr_number(1);
    elsewhere.id = pair.id;
    other.id = id_number(77);
    put(bans, ban_of_pair(&pair), 1000);
    assert_non_null(bans_by_addr(bans, at_ms(0), &pair));
    assert_null(bans_by_addr(bans, at_ms(1000), &pair));
    assert_null(bans_by_addr(bans, at_ms(0), &elsewhere));
    assert_null(bans_by_addr(bans, at_ms(0), &other));
    assert_null(bans_by_id(bans, at_ms(0), &pair.id));
    drop_table(bans);
}

static void bans_by_addr_finds_each_kind(void **state)
{
    (void)state;
    struct bans *bans = table(10);
    struct addr addr = addr_at(1, "9.9.9.9", 1);
    struct ban_target targets[] = {id_target(1), ban_of_pair(&addr), range_target("9.9.0.0/16")};
    for (size_t i = 0; i < COUNT(targets); i++) {
        put(bans, targets[i], 1000);
        const struct ban *ban = bans_by_addr(bans, at_ms(0), &addr);
        assert_non_null(ban);
        assert_memory_equal(&ban->target, &targets[i], sizeof targets[i]);
        assert_int_equal(bans_lift(bans, &targets[i]), ERR_OK);
        assert_null(bans_by_addr(bans, at_ms(0), &addr));
    }
    assert_int_equal(bans_lift(bans, &targets[0]), ERR_NOT_FOUND);
    drop_table(bans);
}

/* F26 */
static void F26_bans_table_drops_the_earliest_end_first(void **state)
{
    (void)state;
    struct bans *bans = table(3);
    put(bans, id_target(1), 3000);
    put(bans, id_target(2), 1000);
    put(bans, range_target("10.0.0.0/8"), 2000);
    struct ban too_short = ban_until(id_target(4), 900, "short");
    assert_int_equal(bans_put(bans, &too_short), ERR_FULL);
    assert_int_equal(bans_count(bans), 3);
    put(bans, id_target(5), 5000);
    struct ban_target dropped = id_target(2);
    assert_null(bans_find(bans, &dropped));
    put(bans, id_target(6), 6000);
    assert_false(is_banned_ip(bans, "10.0.0.1"));
    assert_false(bans_has_ranges(bans));
    put(bans, id_target(1), 9000); /* known targets need no room */
    assert_int_equal(bans_count(bans), 3);
    drop_table(bans);
}

static void bans_expired_come_in_the_order_of_their_ends(void **state)
{
    (void)state;
    struct bans *bans = table(100);
    struct rng rng = seeded(5);
    const struct now late = at_ms(1000);
    assert_null(bans_expired(bans, late));
    for (uint32_t n = 0; n < 100; n++)
        put(bans, id_target(n), (int64_t)rng_below(&rng, 50));
    int64_t last_ms = 0;
    for (uint32_t n = 0; n < 100; n++) {
        const struct ban *next = bans_expired(bans, late);
        assert_true(next->until_ms >= last_ms);
        last_ms = next->until_ms;
        assert_null(bans_expired(bans, (struct now){0, last_ms - 1}));
        assert_ptr_equal(bans_expired(bans, (struct now){0, last_ms}), next);
        struct ban_target target = next->target;
        assert_int_equal(bans_lift(bans, &target), ERR_OK);
    }
    assert_int_equal(bans_count(bans), 0);
    drop_table(bans);
}

static void bans_keep_reasons_to_one_printable_line(void **state)
{
    (void)state;
    struct bans *bans = table(2);
    struct ban ban = ban_until(id_target(1), 1000, "a\nb\x1b[31m\xc3\xa9\x7f ok");
    assert_int_equal(bans_put(bans, &ban), ERR_OK);
    assert_string_equal(bans_find(bans, &ban.target)->reason, "a?b?[31m\xc3\xa9? ok");
    memset(ban.reason, 'x', sizeof ban.reason); /* without terminator */
    ban.target = id_target(2);
    assert_int_equal(bans_put(bans, &ban), ERR_OK);
    assert_int_equal(strlen(bans_find(bans, &ban.target)->reason), BAN_REASON_MAX);
    drop_table(bans);
}

static void bans_new_refuses_sizes_out_of_range(void **state)
{
    (void)state;
    struct bans *bans = NULL;
    assert_int_equal(bans_new(0, hash_key, &bans), ERR_INVALID);
    assert_int_equal(bans_new(BANS_LIMIT + 1, hash_key, &bans), ERR_INVALID);
    assert_null(bans);
}

/* Random changes against a plain array. */
static void bans_agree_with_a_plain_list(void **state)
{
    (void)state;
    enum { TARGETS = 40 };
    struct rng rng = seeded(6);
    struct bans *bans = table(TARGETS);
    struct ban_target targets[TARGETS];
    int64_t ends[TARGETS] = {0};
    for (uint32_t i = 0; i < TARGETS; i++) {
        struct addr addr = addr_number(i);
        struct cidr cidr = {addr.at.ip, (uint8_t)(96 + i % 33)};
        targets[i] = i % 3 == 0 ? id_target(i)
            : i % 3 == 1        ? ban_of_pair(&addr)
                                : ban_of_cidr(&cidr);
        for (uint32_t j = 0; j < i; j++)
            if (memcmp(&targets[i], &targets[j], sizeof targets[i]) == 0)
                targets[i] = id_target(i);
    }
    for (unsigned step = 0; step < 20000; step++) {
        uint32_t i = (uint32_t)rng_below(&rng, TARGETS);
        if (rng_below(&rng, 2)) {
            int64_t end = 1 + (int64_t)rng_below(&rng, 100);
            put(bans, targets[i], end);
            ends[i] = end > ends[i] ? end : ends[i];
        } else {
            assert_int_equal(bans_lift(bans, &targets[i]), ends[i] > 0 ? ERR_OK : ERR_NOT_FOUND);
            ends[i] = 0;
        }
        i = (uint32_t)rng_below(&rng, TARGETS);
        const struct ban *ban = bans_find(bans, &targets[i]);
        assert_int_equal(ban ? ban->until_ms - START_MS : 0, ends[i]);
        if (step % 64 == 0)
            assert_null(bans_check(bans));
    }
    drop_table(bans);
}

/* Bans and the book */

/* F5 */
static void F5_book_bans_whom_it_does_not_know(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(1), source = source_number(1);
    struct ban_target target = ban_of_id(&addr.id);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "unknown"), ERR_OK);
    assert_int_equal(book_add(book, at_ms(999), &rng, &addr, &source, NULL), ERR_BANNED);
    assert_int_equal(book_add(book, at_ms(1000), &rng, &addr, &source, NULL), ERR_OK);
    const struct book_entry *entry = entry_number(book, 1);
    assert_int_equal(entry->bans, 1);
    assert_int_equal(entry->last_ban_ms, START_MS + 1000);
    assert_null(bans_find(book_bans(book), &target)); /* nothing is left to reinstate */
    done(book);
}

/* TestBanBadPeers, P11 */
static void book_reinstates_a_banned_peer_when_its_ban_ran_out(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(1), source = source_number(1);
    struct ban_target target = ban_of_id(&addr.id);
    fill(book, 1, 2, 0);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "test"), ERR_OK);
    assert_null(entry_number(book, 1));
    assert_non_null(bans_by_id(book_bans(book), at_ms(0), &addr.id));
    assert_int_equal(book_add(book, at_ms(1), &rng, &addr, &source, NULL), ERR_BANNED);
    assert_int_equal(book_reinstate_expired(book, at_ms(999), &rng), 0);
    assert_int_equal(book_reinstate(book, at_ms(999), &rng, &target, false), ERR_INVALID);
    assert_int_equal(book_reinstate_expired(book, at_ms(1000), &rng), 1);
    const struct book_entry *entry = entry_number(book, 1);
    assert_int_equal(entry->side, BOOK_NEW);
    assert_true(addr_equal(&entry->addr, &addr));
    assert_true(addr_equal(book_source(book, entry, 0), &source));
    assert_int_equal(bans_count(book_bans(book)), 0);
    done(book);
}

/* F4, F6: what was old comes back as new, with fresh counters. */
static void F4_book_reinstates_with_fresh_counters(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(1);
    struct ban_target target = ban_of_id(&addr.id);
    fill(book, 0, 2, 2);
    for (unsigned i = 0; i < 17; i++)
        book_mark_attempt(book, at_ms(i), &addr, ERR_TIMEOUT);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "too many"), ERR_OK);
    assert_int_equal(book_reinstate_expired(book, at_ms(2000), &rng), 1);
    const struct book_entry *entry = entry_number(book, 1);
    assert_int_equal(entry->side, BOOK_NEW);
    assert_int_equal(entry->attempts, 0);
    assert_int_equal(entry->last_failure, ERR_OK);
    assert_int_equal(entry->last_attempt_ms, START_MS + 2000);
    assert_int_equal(entry->bans, 1);
    book_ban(book, at_ms(3000), &target, 1000, "again");
    assert_int_equal(bans_find(book_bans(book), &target)->times, 2);
    done(book);
}

static void book_reinstates_early_for_an_operator(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct ban_target target = id_target(1), unknown = id_target(9);
    fill(book, 1, 2, 0);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "test"), ERR_OK);
    assert_int_equal(book_reinstate(book, at_ms(1), &rng, &unknown, true), ERR_NOT_FOUND);
    assert_int_equal(book_reinstate(book, at_ms(1), &rng, &target, true), ERR_OK);
    assert_non_null(entry_number(book, 1));
    done(book);
}

static void book_lift_ban_brings_nothing_back(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct ban_target target = id_target(1);
    fill(book, 1, 2, 0);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "test"), ERR_OK);
    assert_int_equal(book_lift_ban(book, &target), ERR_OK);
    assert_int_equal(book_lift_ban(book, &target), ERR_NOT_FOUND);
    assert_null(entry_number(book, 1));
    done(book);
}

/* What became private or ours meanwhile does not come back. */
static void book_reinstates_nobody_whom_it_would_refuse(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct ban_target target = id_target(1);
    fill(book, 1, 2, 0);
    book_ban(book, at_ms(0), &target, 1000, "test");
    struct peer_id private = id_number(1);
    assert_int_equal(book_set_private(book, &private, 1), ERR_OK);
    assert_int_equal(book_reinstate(book, at_ms(1000), &rng, &target, false), ERR_ADDR_PRIVATE);
    assert_int_equal(bans_count(book_bans(book)), 0);
    done(book);
}

static void F3_book_ban_of_a_pair_drops_only_that_endpoint(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    struct addr addr = addr_number(1), elsewhere = addr_number(2), source = source_number(1);
    elsewhere.id = addr.id;
    fill(book, 1, 2, 0);
    struct ban_target other = ban_of_pair(&elsewhere), pair = ban_of_pair(&addr);
    assert_int_equal(book_ban(book, at_ms(0), &other, 1000, "wrong_id"), ERR_OK);
    assert_non_null(entry_number(book, 1));
    assert_int_equal(book_ban(book, at_ms(0), &pair, 1000, "wrong_id"), ERR_OK);
    assert_null(entry_number(book, 1));
    assert_int_equal(book_add(book, at_ms(1), &rng, &addr, &source, NULL), ERR_BANNED);
    assert_int_equal(book_add(book, at_ms(1), &rng, &elsewhere, &source, NULL), ERR_BANNED);
    assert_int_equal(book_lift_ban(book, &other), ERR_OK);
    assert_int_equal(book_add(book, at_ms(1), &rng, &elsewhere, &source, NULL), ERR_OK);
    assert_int_equal(book_reinstate_expired(book, at_ms(5000), &rng), 0);
    assert_int_equal(bans_count(book_bans(book)), 0);
    done(book);
}

static void book_passes_over_entries_in_a_banned_range(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(1);
    fill(book, 0, 64, 32); /* two in each /8 from 64 to 95 */
    struct ban_target range = range_target("64.0.0.0/4");
    assert_int_equal(book_ban(book, at_ms(0), &range, 1000, "half"), ERR_OK);
    assert_int_equal(book_count(book), 64);
    struct addr addrs[250];
    struct book_selection all = {.count = 250};
    assert_int_equal(book_select(book, at_ms(0), &rng, &all, addrs), 32);
    for (unsigned i = 0; i < 32; i++)
        assert_true(addrs[i].at.ip.bytes[12] >= 80);
    for (unsigned i = 0; i < 200; i++) {
        const struct book_entry *entry = book_pick(book, at_ms(0), &rng, 50);
        assert_non_null(entry);
        assert_true(entry->addr.at.ip.bytes[12] >= 80);
    }
    struct book_draw draw = {.count = 64, .new_percent = 50};
    const struct book_entry *drawn[64];
    assert_int_equal(book_draw(book, at_ms(0), &rng, &draw, drawn), 32);
    assert_int_equal(book_select(book, at_ms(1000), &rng, &all, addrs), 64); /* the ban ran out */
    done(book);
}

static void book_ban_saturates_its_end(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct ban_target target = id_target(1);
    assert_int_equal(book_ban(book, at_ms(0), &target, INT64_MAX, "for ever"), ERR_OK);
    assert_int_equal(bans_find(book_bans(book), &target)->until_ms, NEVER_MS);
    done(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bans_hold_until_their_end),
        cmocka_unit_test(K3_bans_are_never_shortened),
        cmocka_unit_test(bans_match_ranges_of_several_lengths),
        cmocka_unit_test(bans_keep_the_address_families_apart),
        cmocka_unit_test(ban_of_cidr_clears_the_bits_below_the_mask),
        cmocka_unit_test(F3_bans_of_a_pair_leave_the_id_and_the_endpoint_alone),
        cmocka_unit_test(bans_by_addr_finds_each_kind),
        cmocka_unit_test(F26_bans_table_drops_the_earliest_end_first),
        cmocka_unit_test(bans_expired_come_in_the_order_of_their_ends),
        cmocka_unit_test(bans_keep_reasons_to_one_printable_line),
        cmocka_unit_test(bans_new_refuses_sizes_out_of_range),
        cmocka_unit_test(bans_agree_with_a_plain_list),
        cmocka_unit_test(F5_book_bans_whom_it_does_not_know),
        cmocka_unit_test(book_reinstates_a_banned_peer_when_its_ban_ran_out),
        cmocka_unit_test(F4_book_reinstates_with_fresh_counters),
        cmocka_unit_test(book_reinstates_early_for_an_operator),
        cmocka_unit_test(book_lift_ban_brings_nothing_back),
        cmocka_unit_test(book_reinstates_nobody_whom_it_would_refuse),
        cmocka_unit_test(F3_book_ban_of_a_pair_drops_only_that_endpoint),
        cmocka_unit_test(book_passes_over_entries_in_a_banned_range),
        cmocka_unit_test(book_ban_saturates_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
