/* core/book/adding.c: what is taken in, from whom, and what is refused (B3, B4, B30, B31, F20,
 * F26). Go's names of behaviour.md section 7 stand before the tests that cover them. */
#include "unit/book/kit.h"

/* TestAddrBookHandlesDuplicates */
static void book_add_of_a_known_address_keeps_one_entry(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(2);
    fill(book, 0, 100, 0);
    for (uint32_t n = 0; n < 100; n++) {
        struct addr addr = addr_number(n), same = source_number(n),
                    another = source_number(n + 100);
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &same, NULL), ERR_OK);
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &another, NULL), ERR_OK);
    }
    assert_int_equal(book_count(book), 100);
    done(book);
}

/* B3, B31.9 - 10, P24 */
static void book_add_refers_to_a_known_address_from_at_most_four_buckets(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(3);
    struct addr addr = addr_number(0);
    unsigned referenced = 0;
    for (uint32_t n = 0; n < 2000; n++) {
        struct addr source = source_number(n);
        enum book_added added;
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, &added), ERR_OK);
        assert_int_equal(added == BOOK_ADDED, n == 0);
        referenced += added == BOOK_REFERENCED;
        check(book);
    }
    assert_int_equal(referenced, 3);
    assert_int_equal(book_find(book, &addr.id)->refs, 4);
    assert_int_equal(book_count(book), 1);
    done(book);
}

/* B31.10: 1/2 with one reference, 1/4 with two, 1/6 with three. */
static void book_add_duplicates_with_the_probability_of_B31_10(void **state)
{
    (void)state;
    struct rng rng = seeded(4);
    unsigned tries[4] = {0}, hits[4] = {0};
    for (unsigned round = 0; round < 400; round++) {
        struct book *book = default_book();
        struct addr addr = addr_number(0);
        add_ok(book, addr, source_number(0));
        for (uint32_t n = 1; n < 30; n++) {
            struct addr source = source_number(n * 37 + round);
            unsigned refs = book_find(book, &addr.id)->refs;
            enum book_added added;
            assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, &added), ERR_OK);
            if (refs < 4) {
                tries[refs]++;
                hits[refs] += added == BOOK_REFERENCED;
            }
        }
        book_free(book);
    }
    for (unsigned refs = 1; refs < 4; refs++) {
        double share = (double)hits[refs] / tries[refs], wanted = 1.0 / (2 * refs);
        assert_true(share > 0.8 * wanted && share < 1.2 * wanted);
    }
}

static void book_add_never_duplicates_when_the_factor_is_zero(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.duplicate_factor = 0;
    struct book *book = book_of(settings);
    struct rng rng = seeded(5);
    struct addr addr = addr_number(0);
    for (uint32_t n = 0; n < 100; n++) {
        struct addr source = source_number(n);
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
    }
    assert_int_equal(book_find(book, &addr.id)->refs, 1);
    done(book);
}

/* B4; TestAddrBookAddDoesNotOverwriteOldIP */
static void book_add_never_moves_a_known_id(void **state)
{
    (void)state;
    for (unsigned good = 0; good < 2; good++) {
        struct book *book = default_book();
        struct rng rng = seeded(6);
        struct addr addr = addr_at(0, "8.8.4.4", 26656), hijack = addr_at(0, "8.8.8.8", 26656);
        add_ok(book, addr, source_number(0));
        if (good)
            assert_int_equal(book_mark_good(book, at_ms(0), &addr), ERR_OK);
        for (uint32_t n = 0; n < 10; n++) {
            struct addr source = source_number(n);
            assert_int_equal(book_add(book, at_ms(0), &rng, &hijack, &source, NULL), ERR_OK);
        }
        const struct book_entry *entry = book_find(book, &addr.id);
        assert_true(addr_equal(&entry->addr, &addr));
        assert_int_equal(entry->side, good ? BOOK_OLD : BOOK_NEW);
        assert_int_equal(
            entry->sources_n, 1); /* who names another endpoint is no source of this one */
        done(book);
    }
}

static void book_remembers_up_to_eight_sources(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(7);
    struct addr addr = addr_number(0);
    for (uint32_t n = 0; n < 20; n++) {
        struct addr source = source_number(n / 2);
        assert_int_equal(book_add(book, at_ms(n * 1000), &rng, &addr, &source, NULL), ERR_OK);
    }
    const struct book_entry *entry = book_find(book, &addr.id);
    assert_int_equal(entry->sources_n, BOOK_SOURCES_MAX);
    for (uint32_t i = 0; i < BOOK_SOURCES_MAX; i++) {
        struct addr source = source_number(i);
        assert_true(addr_equal(book_source(book, entry, i), &source));
        assert_int_equal(book_heard_s(book, entry, i), START_MS / 1000 + 2 * i);
    }
    done(book);
}

/* F26: every entry has its first source, however many others are named. A source that is nobody's
 * first any more stays as a further one, so those can fill the table of a book of 16. */
static void F26_book_forgets_further_sources_before_it_lacks_a_first_one(void **state)
{
    (void)state;
    struct book_settings settings = book_settings_default();
    settings.new_buckets = settings.old_buckets = 1;
    settings.new_bucket_size = 12;
    settings.old_bucket_size = 4;
    struct book *book = book_of(settings);
    struct peer_id passing = id_number(9);
    fill(book, 0, 3, 0);
    for (uint32_t n = 0; n < 12; n++) { /* 3 first sources, 12 further ones, of 18 */
        add_ok(book, addr_number(9), source_number(100 + n));
        add_ok(book, addr_number(n % 3), source_number(100 + n));
        assert_int_equal(book_remove(book, &passing), ERR_OK);
        assert_int_equal(entry_number(book, n % 3)->sources_n, 2 + n / 3);
    }
    add_ok(book, addr_number(9), source_number(200));
    assert_int_equal(entry_number(book, 0)->sources_n, 5);
    check(book);
    add_ok(book, addr_number(10), source_number(201));
    add_ok(book, addr_number(11), source_number(202));
    assert_int_equal(entry_number(book, 0)->sources_n, 5);
    add_ok(book, addr_number(12), source_number(203)); /* the 19th */
    check(book);
    for (uint32_t n = 0; n < 3; n++) {
        struct addr source = source_number(n);
        assert_int_equal(entry_number(book, n)->sources_n, 1);
        assert_true(addr_equal(book_source(book, entry_number(book, n), 0), &source));
    }
    assert_int_equal(entry_number(book, 10)->sources_n, 1);
    done(book);
}

/* TestAddrBookEmpty */
static void book_is_empty_whatever_is_own_or_private(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct addr own = addr_number(1);
    struct peer_id private[2] = {id_number(2), id_number(3)};
    book_add_own(book, &own);
    assert_int_equal(book_set_private(book, private, 2), ERR_OK);
    assert_int_equal(book_count(book), 0);
    fill(book, 0, 1, 0);
    assert_int_equal(book_count(book), 1);
    done(book);
}

/* TestPrivatePeers, B31.4 - 5 */
static void book_add_refuses_private_addresses_and_sources(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(8);
    struct peer_id private[10];
    for (uint32_t n = 0; n < 10; n++)
    private[n] = id_number(9 - n);
    assert_int_equal(book_set_private(book, private, 10), ERR_OK);
    for (uint32_t n = 0; n < 10; n++) {
        struct addr addr = addr_number(n), other = addr_number(100 + n);
        assert_true(book_is_private(book, &addr.id));
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &other, NULL), ERR_ADDR_PRIVATE);
        assert_int_equal(
            book_add(book, at_ms(0), &rng, &other, &addr, NULL), ERR_ADDR_PRIVATE_SOURCE);
    }
    struct peer_id public = id_number(10);
    assert_false(book_is_private(book, &public));
    assert_int_equal(book_set_private(book, NULL, 0), ERR_OK);
    fill(book, 0, 10, 0);
    done(book);
}

/* F10: what is private or ours leaves the book when that becomes known. */
static void F10_book_drops_what_turns_out_private_or_own(void **state)
{
    (void)state;
    struct book *book = default_book();
    fill(book, 0, 10, 5);
    struct peer_id private[2] = {id_number(1), id_number(7)};
    assert_int_equal(book_set_private(book, private, 2), ERR_OK);
    assert_null(book_find(book, &private[0]));
    assert_null(book_find(book, &private[1]));
    struct peer_id own_id = id_number(2);
    book_set_own_id(book, &own_id);
    assert_null(book_find(book, &own_id));
    struct addr own = addr_number(3);
    own.id = id_number(777);
    book_add_own(book, &own);
    assert_null(entry_number(book, 3));
    assert_int_equal(book_count(book), 6);
    done(book);
}

/* F20 */
static void F20_book_refuses_our_own_id_anywhere(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(9);
    struct addr source = source_number(0), own = addr_number(0);
    book_set_own_id(book, &own.id);
    struct addr elsewhere = addr_number(1);
    elsewhere.id = own.id;
    assert_true(book_is_own(book, &elsewhere));
    assert_int_equal(book_add(book, at_ms(0), &rng, &own, &source, NULL), ERR_ADDR_SELF);
    assert_int_equal(book_add(book, at_ms(0), &rng, &elsewhere, &source, NULL), ERR_ADDR_SELF);
    done(book);
}

/* B30, S12, F26 */
static void book_refuses_our_endpoints_under_any_id(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(10);
    struct addr source = source_number(0);
    for (uint32_t n = 0; n <= BOOK_OWN_MAX; n++) {
        struct addr own = addr_number(n);
        book_add_own(book, &own);
        book_add_own(book, &own);
    }
    for (uint32_t n = 0; n <= BOOK_OWN_MAX; n++) {
        struct addr addr = addr_number(n);
        addr.id = id_number(1000 + n);
        enum err expected = n == 0 ? ERR_OK : ERR_ADDR_SELF; /* the oldest was forgotten */
        assert_int_equal(book_add(book, at_ms(0), &rng, &addr, &source, NULL), expected);
    }
    struct addr port = addr_number(1);
    port.id = id_number(5000);
    port.at.port = 1;
    assert_int_equal(book_add(book, at_ms(0), &rng, &port, &source, NULL), ERR_OK);
    done(book);
}

/* B31.1 - 7: an address that breaks several rules is refused for the first of them. */
static void book_add_checks_in_the_order_of_B31(void **state)
{
    (void)state;
    struct book *book = default_book();
    struct rng rng = seeded(11);
    struct addr addr = addr_at(1, "10.0.0.1", 26656), source = source_number(0);
    struct addr invalid = addr_at(1, "0.0.0.0", 26656), nobody = addr_number(1);
    memset(&nobody.id, 0, sizeof nobody.id);
    struct peer_id private[2] = {addr.id, source.id};
    struct ban_target target = ban_of_id(&addr.id);
    book_add_own(book, &addr);
    assert_int_equal(book_set_private(book, private, 2), ERR_OK);
    assert_int_equal(book_ban(book, at_ms(0), &target, 1000, "test"), ERR_OK);
#define EXPECT(a, s, err) assert_int_equal(book_add(book, at_ms(0), &rng, (a), (s), NULL), (err))
    EXPECT(&invalid, &source, ERR_ADDR_INVALID);
    EXPECT(&nobody, &source, ERR_ADDR_INVALID);
    EXPECT(&addr, &source, ERR_BANNED);
    assert_int_equal(book_lift_ban(book, &target), ERR_OK);
    EXPECT(&addr, &source, ERR_ADDR_PRIVATE);
    assert_int_equal(book_set_private(book, &private[1], 1), ERR_OK);
    EXPECT(&addr, &source, ERR_ADDR_PRIVATE_SOURCE);
    assert_int_equal(book_set_private(book, NULL, 0), ERR_OK);
    EXPECT(&addr, &source, ERR_ADDR_SELF);
    addr.at.port = 1;
    addr.id = id_number(2);
    EXPECT(&addr, &source, ERR_ADDR_NON_ROUTABLE);
    assert_int_equal(book_admits(book, at_ms(0), &addr, &source), ERR_ADDR_NON_ROUTABLE);
#undef EXPECT
    assert_int_equal(book_count(book), 0);
    done(book);
}

/* B31.7, F20 */
static void F20_strict_book_refuses_what_cannot_be_a_public_peer(void **state)
{
    (void)state;
    static const struct {
        const char *ip;
        uint16_t port;
    } cases[] = {{"8.8.8.8", 0}, {"224.0.0.1", 1}, {"240.0.0.1", 1}, {"192.0.2.1", 1},
        {"198.51.100.1", 1}, {"203.0.113.1", 1}, {"ff02::1", 1}, {"3fff::1", 1}, {"10.0.0.1", 1},
        {"172.16.0.1", 1}, {"192.168.0.1", 1}, {"169.254.0.1", 1}, {"127.0.0.1", 1}, {"0.0.0.1", 1},
        {"::1", 1}, {"fe80::1", 1}, {"fc00::1", 1}, {"2001:10::1", 1}};
    struct book_settings lax = book_settings_default();
    lax.strict = false;
    struct book *book = default_book(), *other = book_of(lax);
    struct rng rng = seeded(12);
    struct addr source = source_number(0);
    for (uint32_t i = 0; i < COUNT(cases); i++) {
        struct addr addr = addr_at(i, cases[i].ip, cases[i].port);
        assert_int_equal(
            book_add(book, at_ms(0), &rng, &addr, &source, NULL), ERR_ADDR_NON_ROUTABLE);
        assert_int_equal(book_add(other, at_ms(0), &rng, &addr, &source, NULL), ERR_OK);
    }
    struct addr invalid = addr_at(99, "2001:db8::1", 1);
    assert_int_equal(book_add(other, at_ms(0), &rng, &invalid, &source, NULL), ERR_ADDR_INVALID);
    done(book);
    done(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_add_of_a_known_address_keeps_one_entry),
        cmocka_unit_test(book_add_refers_to_a_known_address_from_at_most_four_buckets),
        cmocka_unit_test(book_add_duplicates_with_the_probability_of_B31_10),
        cmocka_unit_test(book_add_never_duplicates_when_the_factor_is_zero),
        cmocka_unit_test(book_add_never_moves_a_known_id),
        cmocka_unit_test(book_remembers_up_to_eight_sources),
        cmocka_unit_test(F26_book_forgets_further_sources_before_it_lacks_a_first_one),
        cmocka_unit_test(book_is_empty_whatever_is_own_or_private),
        cmocka_unit_test(book_add_refuses_private_addresses_and_sources),
        cmocka_unit_test(F10_book_drops_what_turns_out_private_or_own),
        cmocka_unit_test(F20_book_refuses_our_own_id_anywhere),
        cmocka_unit_test(book_refuses_our_endpoints_under_any_id),
        cmocka_unit_test(book_add_checks_in_the_order_of_B31),
        cmocka_unit_test(F20_strict_book_refuses_what_cannot_be_a_public_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
