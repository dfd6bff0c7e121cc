/* core/node/evict.c: full buckets as a policy decides them; test before evict (P21, P22). */
#include "world.h"

#define SIZE 4 /* of the one bucket of each side */
#define MANY 11

static struct evict_verdict twisted;
static struct evict_view seen; /* without its rows, but for ... */
static char seen_ids[MANY][PEER_ID_TEXT + 1];

static void twist(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    if (hook != HOOK_evict)
        return;
    seen = *(const struct evict_view *)view;
    assert_true(seen.entries_n <= MANY);
    for (size_t i = 0; i < seen.entries_n; i++)
        strcpy(seen_ids[i], seen.entries[i].id);
    *(struct evict_verdict *)verdict = twisted;
}

/* A node whose new bucket is full of peers 1 .. size, told one second apart. It dials nobody of
 * itself. */
static struct world *open_full_of(uint32_t size)
{
    struct node_settings settings = world_settings();
    struct book_settings book = book_settings_default();
    settings.max_outbound = 0;
    settings.strict = book.strict = false;
    book.new_buckets = book.old_buckets = 1;
    book.new_bucket_size = book.old_bucket_size = size;
    book.new_buckets_per_group = book.old_buckets_per_group = book.new_buckets_per_addr = 1;
    struct world *world = world_new_with(&settings, &book);
    world_start(world);
    for (uint32_t i = 1; i <= size; i++) {
        world_add_peers(world, i, 1);
        world_run(world, SECONDS_MS(1));
    }
    world->fake.answers[HOOK_evict] = true;
    world->fake.twist = twist;
    seen = (struct evict_view){0};
    return world;
}

static struct world *open_full(void)
{
    return open_full_of(SIZE);
}

/* Somebody whom we ask tells of peer n. */
static void tell(struct world *world, uint32_t n)
{
    uint64_t peer = world_dial(world, 150 + n);
    world_connect(world, peer);
    assert_int_equal(world_sent(world, PEX_REQUEST), 1);
    world_list_of(world, peer, n, 1);
}

/* The row of peer n in the last question. */
static int64_t row_of(uint32_t n)
{
    char id[PEER_ID_TEXT + 1];
    struct peer_id wanted = id_of(n);
    peer_id_text(&wanted, id);
    for (size_t i = 0; i < seen.entries_n; i++)
        if (text_is(seen_ids[i], id))
            return (int64_t)i;
    return -1;
}

static void p21_without_an_answer_the_longest_untried_leaves(void **state)
{
    (void)state;
    struct world *world = open_full();
    world->fake.fails[HOOK_evict] = true;
    tell(world, 50);
    assert_true(world_knows(world, 50));
    assert_false(world_knows(world, 1));
    world_free(world);
}

static void p21_a_policy_chooses_who_leaves_or_refuses_the_newcomer(void **state)
{
    (void)state;
    struct world *world = open_full();
    twisted = (struct evict_verdict){.is_false = true};
    tell(world, 50);
    assert_false(world_knows(world, 50));
    assert_int_equal(seen.entries_n, SIZE);
    assert_int_equal(seen.default_row, row_of(1) + 1);
    int64_t row = row_of(3);
    twisted = (struct evict_verdict){.act = EVICT_leave, .row = row};
    tell(world, 51);
    assert_true(world_knows(world, 51) && world_knows(world, 1));
    assert_false(world_knows(world, 3));
    assert_int_equal(book_count(world->book), SIZE);
    world_free(world);
}

static void p21_no_row_is_the_rule(void **state)
{
    (void)state;
    static const int64_t rows[] = {-1, SIZE, INT64_MAX, INT64_MIN};
    for (unsigned i = 0; i < 8; i++) {
        struct world *world = open_full();
        twisted = (struct evict_verdict){
            .act = i < 4 ? EVICT_leave : EVICT_test, .row = rows[i % 4], .test = rows[i % 4]};
        tell(world, 50);
        assert_true(world_knows(world, 50));
        assert_false(world_knows(world, 1));
        assert_int_equal(book_count(world->book), SIZE);
        world_free(world);
    }
}

static void p21_a_tested_entry_that_answers_stays(void **state)
{
    (void)state;
    struct world *world = open_full();
    twisted = (struct evict_verdict){.act = EVICT_test, .test = 0};
    tell(world, 50);
    const struct done *dial = world_only(world, ACTION_DIAL);
    uint64_t number = dial->conn;
    assert_true(book_find(world->book, &dial->addr.id) != NULL);
    assert_false(world_knows(world, 50));
    world_connect(world, number);
    assert_int_equal(world_only(world, ACTION_CLOSE)->conn, number); /* a feeler */
    assert_false(world_knows(world, 50));
    tell(world, 51);
    world_only(world, ACTION_DIAL); /* that test is over, another one may begin */
    world_free(world);
}

static void p21_a_tested_entry_that_fails_is_replaced(void **state)
{
    (void)state;
    struct world *world = open_full();
    twisted = (struct evict_verdict){.act = EVICT_test, .test = 0};
    tell(world, 50);
    struct peer_id tested = world_only(world, ACTION_DIAL)->addr.id;
    world_dial_fails(world, world_only(world, ACTION_DIAL)->conn, ERR_TIMEOUT, false);
    assert_true(world_knows(world, 50));
    assert_null(book_find(world->book, &tested));
    assert_int_equal(book_count(world->book), SIZE);
    world_free(world);
}

static void p21_trouble_of_our_own_host_replaces_nobody(void **state)
{
    (void)state;
    struct world *world = open_full();
    twisted = (struct evict_verdict){.act = EVICT_test, .test = 0};
    tell(world, 50);
    world_dial_fails(world, world_only(world, ACTION_DIAL)->conn, ERR_UNREACHABLE, false);
    assert_false(world_knows(world, 50));
    world_free(world);
}

static void p21_a_connected_entry_needs_no_test(void **state)
{
    (void)state;
    struct world *world = open_full();
    world_outbound(world, 2);
    twisted = (struct evict_verdict){.is_false = true};
    tell(world, 50);
    twisted = (struct evict_verdict){.act = EVICT_test, .test = row_of(2)};
    tell(world, 51);
    assert_int_equal(world_count(world, ACTION_DIAL), 0);
    assert_false(world_knows(world, 51));
    world_free(world);
}

/* Each entry of the bucket is in doubt for one newcomer: no two dials at once, none twice. */
static void p21_tests_are_dialed_one_after_the_other(void **state)
{
    (void)state;
    struct world *world = open_full();
    for (uint32_t i = 0; i < 3 * SIZE; i++) {
        twisted = (struct evict_verdict){.act = EVICT_test, .test = i % SIZE};
        tell(world, 50 + i);
        world_run(world, SECONDS_MS(1)); /* the dial rate */
        assert_true(world_sockets(world, SOCKET_DIALING) <= 1);
    }
    for (uint32_t i = 0; i < SIZE; i++) {
        assert_int_equal(world_sockets(world, SOCKET_DIALING), 1);
        assert_int_equal(world_all_dials_fail(world, ERR_TIMEOUT), 1);
        world_run(world, SECONDS_MS(10));
    }
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    assert_int_equal(book_count(world->book), SIZE);
    world_free(world);
}

static void p21_ten_tests_wait_and_who_would_be_the_eleventh_is_refused(void **state)
{
    (void)state;
    struct world *world = open_full_of(MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        twisted = (struct evict_verdict){.act = EVICT_test, .test = i};
        tell(world, 50 + i);
        world_run(world, SECONDS_MS(1));
    }
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(world_all_dials_fail(world, ERR_TIMEOUT), 1);
        world_run(world, SECONDS_MS(10));
        assert_true(world_knows(world, 50 + i));
    }
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    assert_false(world_knows(world, 60));
    assert_int_equal(book_count(world->book), MANY);
    world_free(world);
}

/* Nothing tells when a dial becomes free, so a test that was held back is not tried at each step.
 */
static void p21_a_test_that_the_dial_rate_holds_back_waits_a_second(void **state)
{
    (void)state;
    struct world *world = open_full();
    const uint64_t *held = &node_metrics(world->node)->dials_held[ERR_FULL];
    twisted = (struct evict_verdict){.act = EVICT_test, .test = 0};
    uint64_t peer = world_dial(world, 200);
    world_connect(world, peer);
    for (uint32_t i = 1; i < 10; i++) /* with the first all that a second allows */
        world_dial(world, 210 + i);
    uint64_t before = *held;
    world_list_of(world, peer, 50, 1);
    for (unsigned i = 0; i < 20; i++)
        world_step(world, &(struct event){.kind = EVENT_TICK});
    size_t dialing = world_sockets(world, SOCKET_DIALING);
    assert_int_equal(*held, before + 1);
    world_run(world, SECONDS_MS(1));
    world_step(world, &(struct event){.kind = EVENT_TICK});
    assert_int_equal(world_sockets(world, SOCKET_DIALING), dialing + 1);
    world_free(world);
}

static const struct address_row *first_rows;
static unsigned asked_with_other_rows;

static void note_rows(struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake;
    (void)verdict;
    const struct address_row *rows = ((const struct evict_view *)view)->entries;
    if (hook != HOOK_evict)
        return;
    if (!first_rows)
        first_rows = rows;
    asked_with_other_rows += rows != first_rows;
}

static void p21_the_questions_of_one_list_share_their_memory(void **state)
{
    (void)state;
    struct world *world = open_full();
    uint64_t peer = world_dial(world, 200);
    world_connect(world, peer);
    world->fake.twist = note_rows;
    first_rows = NULL;
    asked_with_other_rows = 0;
    unsigned before = world->fake.asked[HOOK_evict];
    world_list_of(world, peer, 50, 100);
    assert_true(world->fake.asked[HOOK_evict] - before >= 100);
    assert_int_equal(asked_with_other_rows, 0);
    world_free(world);
}

static void p21_who_waits_too_long_is_forgotten(void **state)
{
    (void)state;
    struct world *world = open_full();
    twisted = (struct evict_verdict){.act = EVICT_test, .test = 0};
    tell(world, 50);
    uint64_t first = world_only(world, ACTION_DIAL)->conn; /* stays in flight */
    twisted.test = 1;
    tell(world, 51);
    world_run(world, MINUTES_MS(11));
    world_dial_fails(world, first, ERR_TIMEOUT, false);
    assert_true(world_knows(world, 50));
    world_run(world, MINUTES_MS(1));
    assert_int_equal(world_sockets(world, SOCKET_DIALING), 0);
    assert_false(world_knows(world, 51));
    world_free(world);
}

static void p22_a_connected_peer_never_leaves_an_old_bucket(void **state)
{
    (void)state;
    struct world *world = open_full();
    struct peer_id newcomer = id_of(90), connected = id_of(2);
    for (uint32_t i = 1; i <= SIZE; i++) {
        struct addr addr = addr_of(i);
        assert_int_equal(book_mark_good(world->book, world->now, &addr), ERR_OK);
    }
    world_add_peers(world, 90, 1);
    world_outbound(world, 2);
    world_outbound(world, 90);
    twisted = (struct evict_verdict){.is_false = true};
    world_run(world, HOURS_MS(1) + MINUTES_MS(2));
    assert_int_equal(seen.bucket, POLICY_BUCKET_old);
    assert_false(book_is_good(world->book, &newcomer));
    twisted = (struct evict_verdict){.act = EVICT_leave, .row = row_of(2)};
    world_run(world, HOURS_MS(1) + MINUTES_MS(2));
    assert_true(book_is_good(world->book, &connected) && book_is_good(world->book, &newcomer));
    world_free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p21_without_an_answer_the_longest_untried_leaves),
        cmocka_unit_test(p21_a_policy_chooses_who_leaves_or_refuses_the_newcomer),
        cmocka_unit_test(p21_no_row_is_the_rule),
        cmocka_unit_test(p21_a_tested_entry_that_answers_stays),
        cmocka_unit_test(p21_a_tested_entry_that_fails_is_replaced),
        cmocka_unit_test(p21_trouble_of_our_own_host_replaces_nobody),
        cmocka_unit_test(p21_a_connected_entry_needs_no_test),
        cmocka_unit_test(p21_tests_are_dialed_one_after_the_other),
        cmocka_unit_test(p21_ten_tests_wait_and_who_would_be_the_eleventh_is_refused),
        cmocka_unit_test(p21_a_test_that_the_dial_rate_holds_back_waits_a_second),
        cmocka_unit_test(p21_the_questions_of_one_list_share_their_memory),
        cmocka_unit_test(p21_who_waits_too_long_is_forgotten),
        cmocka_unit_test(p22_a_connected_peer_never_leaves_an_old_bucket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
