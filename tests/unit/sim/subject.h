/* A node whose policy is a script, in a small network that asks everything of it: peers that come
 * and answer, a hostile one, one of another network, addresses that are nobody's, a persistent
 * peer and a seed that never answer, buckets too small for what it hears. Runs on virtual time; the
 * same script gives the same run. */
#ifndef TESTS_SIM_SUBJECT_H
#define TESTS_SIM_SUBJECT_H

#include "script/script.h"
#include "unit/sim/vandal.h"

#include <stdio.h>

#define SUBJECT_PEERS 8    /* machines 1 .. */
#define SUBJECT_NOBODIES 8 /* addresses FIRST_NOBODY .. of its book, where nothing answers */
#define FIRST_NOBODY 100
#define FOREIGNER (SUBJECT_PEERS + 2)
#define DEAD_SEED 150
#define DEAD_PERSISTENT 151
#define SUBJECT_OUTBOUND_MAX 6 /* more than it finds: it goes on looking */
#define RUN_MS MINUTES_MS(8)

/* What was seen of it from outside. */
struct seen {
    unsigned dials; /* of its book: to anybody but the seed and the persistent peer */
    unsigned dials_at_once, dials_of_nobodies, dials_of_seed, dials_of_persistent;
    int64_t seed_gap_ms, persistent_gap_ms; /* the shortest between two dials */
    int64_t seed_ms, persistent_ms;         /* the last */
    unsigned accepted, requests, lists, addresses;
    unsigned closed_gracefully, closed_for_unsolicited;
    unsigned reinstated; /* times */
    unsigned rotated_too_many;
    /* at the end */
    unsigned bans; /* of the hostile one */
    unsigned old, old_unverified, known_left;
    bool bans_too_long;
    uint64_t added;
    uint64_t hash; /* of all that happened in the whole network */
    uint64_t asked[HOOK_COUNT], errors[HOOK_COUNT];
    char broken[256]; /* the first rule of watch.h that was broken */
};

struct subject {
    struct rig rig;
    struct vandal vandal;
    struct script *script;
    struct seen *seen;
};

/* Loaded long ago, so that a failing hook falls back alone (L2). */
static inline void subject_load(struct subject *subject, const char *text)
{
    struct script_settings settings = script_settings_default();
    settings.tries_hooks = false; /* what fails is to fail while it is live */
    struct script_error error;
    struct script_source source = {.name = "test.lua", .text = span_of_text(text)};
    settings.clock_ns = script_still_clock;
    assert_int_equal(script_new(&settings, &subject->script, &error), ERR_OK);
    if (script_load(subject->script, &source, 1, &error) != ERR_OK)
        fail_msg("line %d: %s\n%s", error.line, error.message, text);
}

static inline int64_t gap(int64_t shortest, int64_t last_ms, int64_t now_ms)
{
    int64_t gap_ms = last_ms == NEVER_MS ? INT64_MAX : now_ms - last_ms;
    return gap_ms < shortest ? gap_ms : shortest;
}

static inline bool is_machine(const struct addr *addr, uint32_t i)
{
    struct peer_id id = id_of(i);
    return peer_id_equal(&addr->id, &id);
}

static inline void see_dial(struct seen *seen, const struct addr *addr, int64_t now_ms)
{
    if (is_machine(addr, DEAD_SEED)) {
        seen->seed_gap_ms = gap(seen->seed_gap_ms, seen->seed_ms, now_ms);
        seen->seed_ms = now_ms;
        seen->dials_of_seed++;
        return;
    }
    if (is_machine(addr, DEAD_PERSISTENT)) {
        seen->persistent_gap_ms = gap(seen->persistent_gap_ms, seen->persistent_ms, now_ms);
        seen->persistent_ms = now_ms;
        seen->dials_of_persistent++;
        return;
    }
    seen->dials++;
    for (uint32_t i = 0; i < SUBJECT_NOBODIES; i++)
        seen->dials_of_nobodies += is_machine(addr, FIRST_NOBODY + i);
}

static inline void see_step(void *context, const struct sim_step *step)
{
    struct seen *seen = ((struct subject *)context)->seen;
    unsigned before = seen->dials, closed = seen->closed_gracefully;
    if (step->machine != 0)
        return;
    for (size_t i = 0; i < step->actions_n; i++) {
        const struct action *action = &step->actions[i];
        if (action->kind == ACTION_DIAL)
            see_dial(seen, &action->dial.addr, step->now.mono_ms);
        seen->accepted += action->kind == ACTION_ACCEPT;
        if (action->kind == ACTION_SEND) {
            seen->requests += action->send.kind == PEX_REQUEST;
            seen->lists += action->send.kind == PEX_ADDRS;
            seen->addresses += (unsigned)action->send.addrs_n;
        }
        if (action->kind == ACTION_CLOSE) {
            seen->closed_gracefully += action->close.why == ERR_GRACEFUL;
            seen->closed_for_unsolicited += action->close.why == ERR_PEX_UNSOLICITED;
        }
    }
    unsigned at_once = seen->dials - before, gone = seen->closed_gracefully - closed;
    seen->dials_at_once = at_once > seen->dials_at_once ? at_once : seen->dials_at_once;
    /* P18: a quarter of those there were, but one always. */
    uint32_t peers = step->node ? node_counts(step->node).peers + gone : 0;
    seen->rotated_too_many += gone > 1 && gone > (peers + 3) / 4;
}

static inline void see_line(void *context, const struct log_line *line)
{
    struct seen *seen = ((struct subject *)context)->seen;
    seen->reinstated += strcmp(line->event, "addresses reinstated") == 0;
}

static inline void add_subject(struct subject *subject, bool seed_mode)
{
    struct rig *rig = &subject->rig;
    struct sim_machine machine = machine_of(rig, 0);
    struct addr known[SUBJECT_PEERS + SUBJECT_NOBODIES + 1];
    struct addr seed = addr_of(DEAD_SEED), persistent = addr_of(DEAD_PERSISTENT);
    struct addr_text seeds[] = {text_of(&seed)}, persistents[] = {text_of(&persistent)};
    for (uint32_t i = 0; i < SUBJECT_PEERS; i++)
        known[i] = addr_of(1 + i);
    for (uint32_t i = 0; i < SUBJECT_NOBODIES; i++)
        known[SUBJECT_PEERS + i] = addr_of(FIRST_NOBODY + i);
    known[SUBJECT_PEERS + SUBJECT_NOBODIES] = addr_of(FOREIGNER);
    machine.policy = script_policy(subject->script);
    machine.node.seed_mode = seed_mode;
    machine.node.max_outbound = SUBJECT_OUTBOUND_MAX;
    machine.node.max_inbound = 3;
    machine.node.log = (struct log){.level = LOG_INFO, .write = see_line, .context = subject};
    machine.node.seeds = seeds;
    machine.node.seeds_n = 1;
    machine.node.persistent_peers = persistents;
    machine.node.persistent_peers_n = 1;
    machine.book.new_buckets = 2;
    machine.book.new_buckets_per_group = 2;
    machine.book.new_bucket_size = 10;
    machine.book.old_buckets = 2;
    machine.book.old_buckets_per_group = 2;
    machine.known = known;
    machine.known_n = sizeof known / sizeof *known;
    sim_add(rig->sim, &machine);
}

/* Peer i dials the subject, and knows others that the subject does not. */
static inline void add_peer(struct subject *subject, uint32_t i)
{
    struct sim_machine machine = machine_of(&subject->rig, i);
    struct addr known[13] = {addr_of(0)};
    for (uint32_t j = 1; j < 13; j++)
        known[j] = addr_of(160 + 12 * i + j);
    machine.known = known;
    machine.known_n = i % 2 ? 13 : 1;
    sim_add(subject->rig.sim, &machine);
}

/* Its ID is proven, and it is no peer for us (F25). */
static inline void add_foreigner(struct subject *subject)
{
    struct sim_machine machine = machine_of(&subject->rig, FOREIGNER);
    machine.network = "another";
    sim_add(subject->rig.sim, &machine);
}

static inline void add_vandal(struct subject *subject, const struct addr *victim)
{
    struct sim_machine machine = machine_of(&subject->rig, SUBJECT_PEERS + 1);
    subject->vandal = (struct vandal){.victims = victim, .victims_n = 1, .wake_ms = NEVER_MS};
    rng_seed(&subject->vandal.rng, 11);
    machine.actor = (struct sim_actor){vandal_step, vandal_deadline, &subject->vandal};
    sim_add(subject->rig.sim, &machine);
}

static inline void see_end(struct subject *subject)
{
    struct seen *seen = subject->seen;
    const struct node *node = sim_node(subject->rig.sim, 0);
    const struct book *book = node_book(node);
    const struct bans *bans = book_bans(book);
    struct script_stats stats;
    uint32_t cursor = 0;
    for (const struct book_entry *entry; (entry = book_next(book, &cursor));) {
        seen->old += entry->side == BOOK_OLD;
        seen->old_unverified += entry->side == BOOK_OLD && entry->last_verified_ms == 0;
    }
    for (uint32_t i = 0; i < SUBJECT_NOBODIES; i++) {
        struct peer_id id = id_of(FIRST_NOBODY + i);
        seen->known_left += book_find(book, &id) != NULL;
    }
    struct peer_id vandal = id_of(SUBJECT_PEERS + 1);
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        bool is_range = ban->target.kind == BAN_CIDR;
        seen->bans += is_range || peer_id_equal(&ban->target.id, &vandal);
        seen->bans_too_long |= ban->until_ms - ban->since_ms > HOURS_MS(24) * 30;
    }
    seen->added = node_counts(node).addresses_added;
    seen->hash = sim_log_hash(subject->rig.sim);
    script_stats(subject->script, &stats);
    for (int i = 0; i < HOOK_COUNT; i++) {
        seen->asked[i] = stats.hooks[i].calls;
        seen->errors[i] = stats.hooks[i].errors;
    }
}

/* Runs the network with the subject under this script. */
static inline void subject_run(const char *text, bool seed_mode, struct seen *seen)
{
    static struct subject subject;
    struct addr victim = addr_of(0);
    *seen = (struct seen){.seed_gap_ms = INT64_MAX,
        .persistent_gap_ms = INT64_MAX,
        .seed_ms = NEVER_MS,
        .persistent_ms = NEVER_MS};
    subject = (struct subject){.seen = seen};
    rig_open(&subject.rig, 3);
    subject_load(&subject, text);
    add_subject(&subject, seed_mode);
    for (uint32_t i = 1; i <= SUBJECT_PEERS; i++)
        add_peer(&subject, i);
    add_vandal(&subject, &victim);
    add_foreigner(&subject);
    sim_observe(subject.rig.sim, see_step, &subject);
    rig_start(&subject.rig);
    sim_run_until(subject.rig.sim, RUN_MS);
    see_end(&subject);
    const char *broken = watch_broken(subject.rig.watch);
    snprintf(seen->broken, sizeof seen->broken, "%s", broken ? broken : "");
    sim_free(subject.rig.sim);
    watch_free(subject.rig.watch);
    script_free(subject.script);
}

#endif
