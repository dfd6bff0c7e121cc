/* The book against a slow and obvious model: random operations on books of several sizes.
 *
 * The model knows every peer by its number and keeps plain arrays. Where the rules leave the choice
 * to order (which of several bad entries goes first), it looks at what the book did and checks that
 * the rules allow it. The seed is printed; by hand:
 *
 *     MODEL_SEED=n MODEL_STEPS=1000000 MODEL_FULL_STEPS=20000 tests/book_model_test */
#include "book/image.h"
#include "book/inside.h"
#include "unit/book/kit.h"

#define PEERS_MAX 24000

struct known {
    bool in;
    struct addr addr;
    enum book_side side;
    uint32_t buckets[BOOK_REFS_MAX], refs;
    struct addr first_source;
    uint32_t attempts;
    int64_t tried_ms, success_ms, verified_ms;
    int64_t ban_ms; /* end of the ban of its ID; 0: none on the list */
    bool ban_has_addr;
    struct addr ban_addr;
    struct addr ban_source;
};

struct model {
    struct book *book;
    struct book_settings settings;
    struct rng rng;
    struct now now;
    uint32_t peers_n, sources_n;
    struct known peers[PEERS_MAX];
    bool private[PEERS_MAX];
    uint32_t own;
    unsigned seen[13]; /* how often each operation changed something */
};

/* At most 44 entries. */
static struct book_settings crowded(void)
{
    struct book_settings settings = book_settings_default();
    settings.new_buckets = 8;
    settings.new_bucket_size = 4;
    settings.new_buckets_per_group = 3;
    settings.old_buckets = 4;
    settings.old_bucket_size = 3;
    settings.old_buckets_per_group = 2;
    return settings;
}

/* At most 200. */
static struct book_settings roomy(void)
{
    struct book_settings settings = crowded();
    settings.new_buckets = 16;
    settings.new_bucket_size = 10;
    settings.old_buckets = 8;
    settings.old_bucket_size = 5;
    return settings;
}

static uint32_t below(struct model *m, uint32_t n)
{
    return (uint32_t)rng_below(&m->rng, n);
}

/* A peer's usual address, or sometimes another one that claims its ID. */
static struct addr some_addr(struct model *m, uint32_t n)
{
    struct addr addr = addr_number(n);
    if (below(m, 10) == 0)
        addr.at.port++;
    return addr;
}

/* A source, or sometimes the peer itself. */
static struct addr some_source(struct model *m, uint32_t n)
{
    struct addr itself = source_number(below(m, m->sources_n));
    if (below(m, 10) > 0)
        return itself;
    itself.id = id_number(n);
    return itself;
}

static uint32_t new_bucket_of(
    const struct model *m, const struct addr *addr, const struct addr *source)
{
    return placement_new(
        &m->book->placement, ip_group(&addr->at.ip, true), ip_group(&source->at.ip, true));
}

static uint32_t count_in(const struct model *m, enum book_side side, uint32_t bucket)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->peers_n; i++)
        for (uint32_t j = 0; m->peers[i].in && j < m->peers[i].refs; j++)
            n += m->peers[i].side == side && m->peers[i].buckets[j] == bucket;
    return n;
}

static bool is_in(const struct known *peer, uint32_t bucket)
{
    for (uint32_t j = 0; peer->in && j < peer->refs; j++)
        if (peer->buckets[j] == bucket)
            return true;
    return false;
}

static bool is_bad(const struct model *m, const struct known *peer)
{
    int64_t untried = m->now.wall_ms - peer->tried_ms, week = 7 * 86400000LL;
    if (peer->side == BOOK_OLD || untried < 60000)
        return false;
    return untried > week || (peer->success_ms == 0 && peer->attempts >= 3) ||
        (peer->success_ms > 0 && m->now.wall_ms - peer->success_ms > week && peer->attempts >= 10);
}

static void leave_bucket(struct known *peer, uint32_t bucket)
{
    uint32_t kept = 0;
    for (uint32_t j = 0; j < peer->refs; j++)
        if (peer->buckets[j] != bucket)
            peer->buckets[kept++] = peer->buckets[j];
    peer->refs = kept;
    peer->in = kept > 0;
}

static void forget(struct known *peer)
{
    peer->in = false;
    peer->refs = 0;
}

/* Whether the book itself still has peer n in this new bucket. */
static bool book_has_in(const struct model *m, uint32_t n, uint32_t bucket)
{
    struct book_record record;
    const struct book_entry *entry = entry_number(m->book, n);
    if (!entry || entry->side != BOOK_NEW)
        return false;
    book_record(m->book, entry, &record);
    for (uint32_t j = 0; j < record.buckets_n; j++)
        if (record.buckets[j] == bucket)
            return true;
    return false;
}

/* B38: exactly one entry left the bucket; a bad one if there was any, else one tried longest ago.
 */
static void follow_eviction(struct model *m, uint32_t bucket)
{
    uint32_t victim = m->peers_n;
    bool any_bad = false;
    int64_t oldest = INT64_MAX;
    for (uint32_t i = 0; i < m->peers_n; i++) {
        if (m->peers[i].side != BOOK_NEW || !is_in(&m->peers[i], bucket))
            continue;
        any_bad |= is_bad(m, &m->peers[i]);
        if (m->peers[i].tried_ms < oldest)
            oldest = m->peers[i].tried_ms;
        if (!book_has_in(m, i, bucket)) {
            assert_int_equal(victim, m->peers_n);
            victim = i;
        }
    }
    assert_int_not_equal(victim, m->peers_n);
    if (any_bad)
        assert_true(is_bad(m, &m->peers[victim]));
    else
        assert_int_equal(m->peers[victim].tried_ms, oldest);
    leave_bucket(&m->peers[victim], bucket);
    m->seen[10]++;
}

static void enter_new_bucket(struct model *m, uint32_t n, uint32_t bucket)
{
    struct known *peer = &m->peers[n];
    if (count_in(m, BOOK_NEW, bucket) == m->book->settings.new_bucket_size)
        follow_eviction(m, bucket);
    peer->buckets[peer->refs++] = bucket;
    peer->in = true;
}

static enum err admitted(const struct model *m, uint32_t n)
{
    if (m->peers[n].ban_ms > m->now.wall_ms)
        return ERR_BANNED;
    if (m->private[n])
        return ERR_ADDR_PRIVATE;
    return n == m->own ? ERR_ADDR_SELF : ERR_OK;
}

static void become_known(struct model *m, uint32_t n, struct addr addr, struct addr source)
{
    struct known *peer = &m->peers[n];
    *peer = (struct known){
        .addr = addr, .side = BOOK_NEW, .first_source = source, .tried_ms = m->now.wall_ms};
    enter_new_bucket(m, n, new_bucket_of(m, &addr, &source));
}

/* A known ID that turned out to be elsewhere. */
static void move(struct model *m, uint32_t n, struct addr addr, struct addr source)
{
    struct known *peer = &m->peers[n];
    uint32_t bucket = new_bucket_of(m, &addr, &source);
    bool stays = peer->side == BOOK_NEW && is_in(peer, bucket);
    forget(peer);
    if (stays) {
        *peer = (struct known){.in = true, .buckets = {bucket}, .refs = 1};
        peer->addr = addr;
        peer->side = BOOK_NEW;
        peer->first_source = source;
        peer->tried_ms = m->now.wall_ms;
    } else {
        become_known(m, n, addr, source);
    }
    m->seen[12]++;
}

/* Operations */

static void op_add(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct known *peer = &m->peers[n];
    struct addr addr = some_addr(m, n), source = some_source(m, n);
    struct rng ahead = m->rng;
    enum err expected = admitted(m, n);
    enum book_added added;
    assert_int_equal(book_add(m->book, m->now, &m->rng, &addr, &source, &added), expected);
    if (expected)
        return;
    if (!peer->in) {
        assert_int_equal(added, BOOK_ADDED);
        become_known(m, n, addr, source);
        m->seen[0]++;
        return;
    }
    if (peer->side == BOOK_NEW && peer->verified_ms == 0 && !addr_equal(&peer->addr, &addr) &&
        peer_id_equal(&source.id, &addr.id)) {
        assert_int_equal(added, BOOK_ADDED);
        move(m, n, addr, source);
        return;
    }
    bool refers = false;
    uint32_t bucket = new_bucket_of(m, &addr, &source);
    if (peer->side == BOOK_NEW && peer->refs < 4)
        refers = rng_below(&ahead, 2 * peer->refs) == 0 && !is_in(peer, bucket);
    assert_int_equal(added, refers ? BOOK_REFERENCED : BOOK_KNOWN);
    if (refers)
        enter_new_bucket(m, n, bucket);
    m->seen[1] += refers;
}

static void op_remove(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct peer_id id = id_number(n);
    assert_int_equal(book_remove(m->book, &id), m->peers[n].in ? ERR_OK : ERR_NOT_FOUND);
    m->seen[2] += m->peers[n].in;
    forget(&m->peers[n]);
}

/* The peer that a mark at addr applies to, or NULL. */
static struct known *marked(struct model *m, uint32_t n, const struct addr *addr)
{
    struct known *peer = &m->peers[n];
    return peer->in && addr_equal(&peer->addr, addr) ? peer : NULL;
}

static void op_attempt(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct addr addr = some_addr(m, n);
    struct known *peer = marked(m, n, &addr);
    assert_int_equal(
        book_mark_attempt(m->book, m->now, &addr, ERR_TIMEOUT), peer ? ERR_OK : ERR_NOT_FOUND);
    if (!peer)
        return;
    peer->attempts++;
    peer->tried_ms = m->now.wall_ms;
    m->seen[3]++;
}

static void succeed(struct model *m, struct known *peer)
{
    peer->attempts = 0;
    peer->tried_ms = peer->success_ms = m->now.wall_ms;
}

static void op_success(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct addr addr = some_addr(m, n);
    struct known *peer = marked(m, n, &addr);
    bool moves = !peer && m->peers[n].in && m->peers[n].verified_ms == 0;
    assert_int_equal(
        book_mark_success(m->book, m->now, &addr, n), peer || moves ? ERR_OK : ERR_NOT_FOUND);
    if (moves) {
        move(m, n, addr, addr);
        peer = &m->peers[n];
    }
    if (!peer)
        return;
    succeed(m, peer);
    peer->verified_ms = m->now.wall_ms;
    m->seen[4]++;
}

/* B44: if the old bucket was full, one tried longest ago went back to where it belongs (F6). */
static void follow_promotion(struct model *m, uint32_t n)
{
    struct known *peer = &m->peers[n];
    uint32_t bucket =
        placement_old(&m->book->placement, &peer->addr, ip_group(&peer->addr.at.ip, true));
    uint32_t victim = m->peers_n;
    if (count_in(m, BOOK_OLD, bucket) == m->book->settings.old_bucket_size) {
        int64_t oldest = INT64_MAX;
        for (uint32_t i = 0; i < m->peers_n; i++) {
            const struct known *other = &m->peers[i];
            if (!other->in || other->side != BOOK_OLD || other->buckets[0] != bucket)
                continue;
            oldest = other->tried_ms < oldest ? other->tried_ms : oldest;
            if (entry_number(m->book, i)->side == BOOK_NEW)
                victim = i;
        }
        assert_int_not_equal(victim, m->peers_n);
        assert_int_equal(m->peers[victim].tried_ms, oldest);
        forget(&m->peers[victim]);
        m->seen[11]++;
    }
    peer->side = BOOK_OLD;
    peer->refs = 1;
    peer->buckets[0] = bucket;
    if (victim == m->peers_n)
        return;
    struct known *demoted = &m->peers[victim];
    demoted->side = BOOK_NEW;
    enter_new_bucket(m, victim, new_bucket_of(m, &demoted->addr, &demoted->first_source));
}

static void op_good(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct addr addr = some_addr(m, n);
    struct known *peer = marked(m, n, &addr);
    assert_int_equal(book_mark_good(m->book, m->now, &addr), peer ? ERR_OK : ERR_NOT_FOUND);
    if (!peer)
        return;
    succeed(m, peer);
    if (peer->side == BOOK_NEW)
        follow_promotion(m, n);
    m->seen[5]++;
}

static void op_ban(struct model *m)
{
    uint32_t n = below(m, m->peers_n);
    struct known *peer = &m->peers[n];
    struct peer_id id = id_number(n);
    struct ban_target target = ban_of_id(&id);
    int64_t duration = 1 + below(m, 600000);
    assert_int_equal(book_ban(m->book, m->now, &target, duration, "model"), ERR_OK);
    if (peer->in) {
        peer->ban_has_addr = true;
        peer->ban_addr = peer->addr;
        peer->ban_source = peer->first_source;
        forget(peer);
    }
    if (m->now.wall_ms + duration > peer->ban_ms)
        peer->ban_ms = m->now.wall_ms + duration;
    m->seen[6]++;
}

/* One ban at a time, in the order of their ends; evictions on the way are followed. */
static void op_reinstate(struct model *m)
{
    const struct ban *ban = bans_expired(book_bans(m->book), m->now);
    if (!ban)
        return;
    uint32_t n = number_of(&ban->target.id);
    struct known *peer = &m->peers[n];
    struct ban_target target = ban->target;
    assert_true(peer->ban_ms > 0 && peer->ban_ms <= m->now.wall_ms);
    bool comes_back = peer->ban_has_addr;
    struct addr addr = peer->ban_addr;
    struct addr source = peer->ban_source;
    peer->ban_ms = 0;
    enum err expected = comes_back ? admitted(m, n) : ERR_OK;
    assert_int_equal(book_reinstate(m->book, m->now, &m->rng, &target, false), expected);
    *peer = (struct known){0};
    if (comes_back && !expected)
        become_known(m, n, addr, source);
    m->seen[7]++;
}

static void op_private(struct model *m)
{
    static struct peer_id ids[PEERS_MAX];
    size_t n = 0;
    uint32_t toggled = below(m, m->peers_n);
    m->private[toggled] = !m->private[toggled] && below(m, 4) == 0;
    for (uint32_t i = 0; i < m->peers_n; i++)
        if (m->private[i])
            ids[n++] = id_number(i);
    assert_int_equal(book_set_private(m->book, ids, n), ERR_OK);
    if (m->private[toggled])
        forget(&m->peers[toggled]);
    m->seen[8] += m->private[toggled];
}

/* Into a fresh book and on with that one. */
static void op_reload(struct model *m)
{
    struct image_text text = {0};
    struct book_load_report report;
    struct book *back = book_of(m->settings);
    static struct peer_id ids[PEERS_MAX];
    struct peer_id own = id_number(m->own);
    size_t n = 0;
    for (uint32_t i = 0; i < m->peers_n; i++)
        if (m->private[i])
            ids[n++] = id_number(i);
    assert_int_equal(book_set_private(back, ids, n), ERR_OK);
    book_set_own_id(back, &own);
    assert_int_equal(book_save(m->book, &text), ERR_OK);
    assert_int_equal(book_load(back, m->now, span_of(text.at, text.n), &report), ERR_OK);
    assert_int_equal(report.kept, book_count(m->book));
    assert_int_equal(report.replaced, 0);
    image_text_free(&text);
    book_free(m->book);
    m->book = back;
    m->seen[9]++;
}

/* Comparison */

static void compare_peer(const struct model *m, uint32_t n)
{
    const struct known *peer = &m->peers[n];
    const struct book_entry *entry = entry_number(m->book, n);
    struct book_record record;
    assert_int_equal(entry != NULL, peer->in);
    if (!entry)
        return;
    book_record(m->book, entry, &record);
    assert_true(addr_equal(&entry->addr, &peer->addr));
    assert_int_equal(entry->side, peer->side);
    assert_int_equal(record.buckets_n, peer->refs);
    for (uint32_t j = 0; j < record.buckets_n; j++)
        assert_true(is_in(peer, record.buckets[j]));
    assert_true(addr_equal(&record.sources[0], &peer->first_source));
    assert_int_equal(entry->attempts, peer->attempts);
    assert_int_equal(entry->last_attempt_ms, peer->tried_ms);
    assert_int_equal(entry->last_success_ms, peer->success_ms);
    assert_int_equal(entry->last_verified_ms, peer->verified_ms);
}

static void compare(const struct model *m)
{
    uint32_t of_side[3] = {0}, bad = 0;
    for (uint32_t n = 0; n < m->peers_n; n++) {
        const struct known *peer = &m->peers[n];
        struct peer_id id = id_number(n);
        compare_peer(m, n);
        of_side[peer->side] += peer->in;
        bad += peer->in && is_bad(m, peer);
        assert_int_equal(
            bans_by_id(book_bans(m->book), m->now, &id) != NULL, peer->ban_ms > m->now.wall_ms);
    }
    assert_int_equal(book_count_side(m->book, BOOK_NEW), of_side[BOOK_NEW]);
    assert_int_equal(book_count_side(m->book, BOOK_OLD), of_side[BOOK_OLD]);
    assert_int_equal(book_count_bad(m->book, m->now), bad);
}

/* What is drawn is in the book, distinct, and as much as there is. */
static void check_samples(struct model *m)
{
    struct addr out[250];
    const struct book_entry *drawn[50];
    struct book_selection selection = {
        .count = 1 + below(m, 60), .biased = below(m, 2), .new_percent = below(m, 101)};
    size_t n = book_select(m->book, m->now, &m->rng, &selection, out);
    uint32_t size = book_count(m->book);
    assert_int_equal(n, selection.count < size ? selection.count : size);
    assert_distinct(out, n);
    for (size_t i = 0; i < n; i++)
        assert_true(m->peers[number_of(&out[i].id)].in);
    struct book_draw draw = {.count = 1 + below(m, 50), .new_percent = 1 + below(m, 99)};
    n = book_draw(m->book, m->now, &m->rng, &draw, drawn);
    assert_int_equal(n, draw.count < size ? draw.count : size);
    for (size_t i = 0; i < n; i++)
        assert_true(m->peers[number_of(&drawn[i]->addr.id)].in);
}

static void step(struct model *m)
{
    uint32_t dice = below(m, 1000);
    m->now.wall_ms += below(m, 3) ? below(m, 2000) : below(m, 200) ? 0 : 86400000LL * below(m, 9);
    if (dice < 450)
        op_add(m);
    else if (dice < 500)
        op_remove(m);
    else if (dice < 700)
        op_attempt(m);
    else if (dice < 760)
        op_success(m);
    else if (dice < 900)
        op_good(m);
    else if (dice < 930)
        op_ban(m);
    else if (dice < 970)
        op_reinstate(m);
    else if (dice < 990)
        op_private(m);
    else if (dice < 993)
        op_reload(m);
    else
        check_samples(m);
    /* A ban that ran out is forgotten when its peer is added again. */
    for (uint32_t n = 0; n < m->peers_n; n++) {
        if (m->peers[n].in) {
            m->peers[n].ban_ms = 0;
            m->peers[n].ban_has_addr = false;
        }
    }
}

static uint64_t from_environment(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : fallback;
}

static struct model *begin(struct book_settings settings, uint32_t peers, uint32_t sources)
{
    struct model *m = calloc(1, sizeof *m);
    uint64_t seed = from_environment("MODEL_SEED", 20240601);
    print_message("MODEL_SEED=%llu\n", (unsigned long long)seed);
    m->rng = seeded(seed);
    m->now = at_ms(0);
    m->settings = settings;
    m->peers_n = peers;
    m->sources_n = sources;
    m->book = book_of(settings);
    m->own = 7;
    struct peer_id own = id_number(m->own);
    book_set_own_id(m->book, &own);
    return m;
}

static void run(struct model *m, uint64_t steps, uint64_t check_each)
{
    for (uint64_t i = 0; i < steps; i++) {
        step(m);
        if (i % check_each > 0 && i + 1 < steps)
            continue;
        check(m->book);
        compare(m);
    }
}

static void end(struct model *m, uint64_t steps)
{
    for (size_t i = 0; i < COUNT(m->seen); i++)
        if (steps >= 20000 && m->seen[i] < 10)
            fail_msg("operation %zu changed something only %u times", i, m->seen[i]);
    done(m->book);
    free(m);
}

static void crowded_book_agrees_with_its_model(void **state)
{
    (void)state;
    uint64_t steps = from_environment("MODEL_STEPS", 20000);
    struct model *m = begin(crowded(), 120, 12);
    run(m, steps, 1);
    end(m, steps);
}

static void book_of_200_entries_agrees_with_its_model(void **state)
{
    (void)state;
    uint64_t steps = from_environment("MODEL_STEPS", 20000);
    struct model *m = begin(roomy(), 400, 30);
    run(m, steps, 1);
    end(m, steps);
}

static void full_size_book_agrees_with_its_model(void **state)
{
    (void)state;
    uint64_t steps = from_environment("MODEL_FULL_STEPS", 1000);
    struct model *m = begin(book_settings_default(), PEERS_MAX, 4096);
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        op_add(m);
    run(m, steps, 100);
    print_message("%u entries at the end\n", book_count(m->book));
    end(m, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crowded_book_agrees_with_its_model),
        cmocka_unit_test(book_of_200_entries_agrees_with_its_model),
        cmocka_unit_test(full_size_book_agrees_with_its_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
