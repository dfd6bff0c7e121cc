#include "node/evict.h"

#include "node/view.h"

/* ---- tests ---- */

static struct evict_test *test_of(struct node *node, const struct peer_id *victim)
{
    for (unsigned i = 0; i < EVICT_TESTS_MAX; i++)
        if (node->evict.tests[i].side && peer_id_equal(&node->evict.tests[i].victim.id, victim))
            return &node->evict.tests[i];
    return NULL;
}

static struct evict_test *free_test(struct node *node)
{
    for (unsigned i = 0; i < EVICT_TESTS_MAX; i++)
        if (!node->evict.tests[i].side)
            return &node->evict.tests[i];
    return NULL;
}

/* Whoever is connected passes without a dial. */
static void note_test(struct step *step, const struct book_full *full, size_t row)
{
    struct node *node = step->node;
    const struct book_entry *victim = full->entries[row];
    struct evict_test *test = free_test(node);
    if (!test || victim->connected || test_of(node, &victim->addr.id))
        return;
    *test = (struct evict_test){
        .side = (uint8_t)full->side,
        .victim = victim->addr,
        .newcomer = *full->newcomer,
        .source = *full->source,
        .since_ms = step->now.mono_ms,
    };
    node->evict.n++;
}

static struct evict_test forget(struct node *node, struct evict_test *test)
{
    struct evict_test ended = *test;
    *test = (struct evict_test){0};
    node->evict.n--;
    return ended;
}

static void replace(struct step *step, const struct evict_test *test)
{
    struct node *node = step->node;
    enum err err = book_replace(node->book, step->now, &node->rng, (enum book_side)test->side,
        &test->victim.id, &test->newcomer, &test->source);
    char gone[ADDR_TEXT_MAX], come[ADDR_TEXT_MAX];
    log_write(&node->settings.log, LOG_DEBUG, "tested address replaced",
        LOG_TEXT("addr", addr_to_text(&test->victim, gone)),
        LOG_TEXT("by", addr_to_text(&test->newcomer, come)), LOG_TEXT("error", err_text(err)));
}

/* No answer, or another's. Our own host's trouble says nothing. */
static void end_test(struct step *step, struct evict_test *test, enum err err)
{
    struct evict_test ended = forget(step->node, test);
    if (err && err != ERR_DUPLICATE_ID && err_blame(err) == BLAME_PEER)
        replace(step, &ended);
}

void evict_tested(struct step *step, const struct peer_id *id, enum err err)
{
    struct evict_test *test = test_of(step->node, id);
    if (test && test->dialing)
        end_test(step, test, err);
}

/* A seed's visit, as a crawl's would be (P19): else those who fill a bucket would have it dial whom
 * they like, as often as they like. */
static bool dial_victim(struct step *step, const struct addr *victim)
{
    bool seed = step->node->settings.seed_mode;
    if (seed && crawler_visited_lately(step, &victim->id))
        return false;
    if (dialer_dial(step, victim, ORIGIN_FEELER) != ERR_OK)
        return false;
    if (seed)
        crawler_note_visit(step, &victim->id);
    return true;
}

/* In back-off: its last dial failed, which is what a test would tell. */
static void start_test(struct step *step, struct evict_test *test)
{
    enum err err = dialer_check(step, &test->victim, ORIGIN_FEELER);
    if (err) {
        end_test(step, test, err == ERR_TOO_EARLY ? ERR_TIMEOUT : ERR_OK);
        return;
    }
    test->dialing = dial_victim(step, &test->victim);
    if (!test->dialing)
        step->node->evict.retry_ms = step->now.mono_ms + EVICT_RETRY_MS;
}

void evict_after_step(struct step *step)
{
    struct node *node = step->node;
    if (step->now.mono_ms < node->evict.retry_ms)
        return;
    for (unsigned i = 0; i < EVICT_TESTS_MAX && node->evict.n > 0; i++) {
        struct evict_test *test = &node->evict.tests[i];
        if (!test->side || test->dialing)
            continue;
        if (step->now.mono_ms - test->since_ms >= EVICT_TEST_LIFETIME_MS)
            forget(node, test);
        else if (node->conns.feelers == 0)
            start_test(step, test);
    }
}

/* ---- the question ---- */

/* One list may ask for each of its addresses: all questions of a step use the same rows. */
struct evict_rows {
    struct address_row rows[BOOK_BUCKET_SIZE_MAX];
    struct row_text texts[BOOK_BUCKET_SIZE_MAX];
};

static const struct address_row *view_entries(struct step *step, const struct book_full *full)
{
    if (!step->evict_rows)
        step->evict_rows = outbox_alloc(step->outbox, sizeof *step->evict_rows);
    struct evict_rows *at = step->evict_rows;
    for (uint32_t i = 0; i < full->n; i++)
        view_address(step, &full->entries[i]->addr, &at->rows[i], &at->texts[i]);
    return at->rows;
}

static void view_full(
    struct step *step, const struct book_full *full, struct evict_view *view, struct row_text *text)
{
    uint32_t by_rule = book_evict_default(step->node->book, step->now, full);
    *view = (struct evict_view){
        .bucket = full->side == BOOK_OLD ? POLICY_BUCKET_old : POLICY_BUCKET_new,
        .entries = view_entries(step, full),
        .entries_n = full->n,
        .default_row = by_rule == BOOK_EVICT_REFUSE ? 0 : (int64_t)by_rule + 1,
    };
    view_common(step, &view->common);
    view_address(step, full->newcomer, &view->newcomer, text);
    view->newcomer.source_ip = ip_text(&full->source->at.ip, text->source_ip);
    view->newcomer.source_group = group_text(full->source_group, text->source_group);
}

static uint32_t ask(struct step *step, const struct book_full *full)
{
    struct node *node = step->node;
    struct evict_view view;
    struct evict_verdict verdict;
    struct row_text text;
    view_full(step, full, &view, &text);
    if (policy_ask(node->policy, HOOK_evict, &node->rng, &view, &verdict))
        return BOOK_EVICT_DEFAULT;
    if (verdict.is_false)
        return BOOK_EVICT_REFUSE;
    if (verdict.act == EVICT_leave)
        return verdict.row >= 0 && verdict.row < full->n ? (uint32_t)verdict.row
                                                         : BOOK_EVICT_DEFAULT;
    if (verdict.test < 0 || verdict.test >= full->n)
        return BOOK_EVICT_DEFAULT;
    note_test(step, full, (size_t)verdict.test);
    return BOOK_EVICT_REFUSE; /* for now */
}

/* The book changes in steps only, after the node has got its book: never at a load. */
static uint32_t choose(void *context, struct now now, const struct book_full *full)
{
    struct node *node = context;
    (void)now;
    if (!node->step || !policy_wants(node->policy, HOOK_evict))
        return BOOK_EVICT_DEFAULT;
    return ask(node->step, full);
}

void evict_init(struct node *node)
{
    book_set_evict(node->book, choose, node);
}
