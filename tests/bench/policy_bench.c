/* bench: script
 *
 * What a decision costs through Lua, beside the same rule in C: the default policy's bias, select
 * over so many candidates, ban and share.
 *
 *     bench_policy [--json]
 *
 * Times are processor time, medians of ROUNDS rounds; both parts of a round run in turn. The views
 * are filled anew for each question on neither side: they are the node's, whoever answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/schema.h"
#include "script/script.h"

#define ROUNDS 9
#define ROUND_NS 20000000 /* about this long for each part */
#define CANDIDATES_MAX 1024
#define ID_TEXT 41

struct bench {
    struct rng rng;
    struct address_row rows[CANDIDATES_MAX];
    char ids[CANDIDATES_MAX][ID_TEXT];
    struct policy rules; /* in C */
    struct policy *lua;
    bool json;
};

struct subject {
    const char *name;
    enum hook hook;
    int64_t candidates;
};

static const struct subject subjects[] = {
    {"bias", HOOK_bias, 0},
    {"select 32", HOOK_select, 32},
    {"select 256", HOOK_select, 256},
    {"select 1024", HOOK_select, 1024},
    {"ban", HOOK_ban, 0},
    {"share", HOOK_share, 0},
};

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_policy: %s\n", what);
    exit(1);
}

/* ---- the rules in C ---- */

static void c_bias(const struct bias_view *view, struct bias_verdict *verdict)
{
    int64_t outbound = view->common.outbound < 8 ? view->common.outbound : 8;
    *verdict = (struct bias_verdict){
        .new_percent = (double)(10 * outbound + 10), .draw = 3 * view->wanted};
}

static void c_select(const struct select_view *view, struct select_verdict *verdict)
{
    verdict->picks_n = 0;
    for (size_t i = 0; i < view->candidates_n && (int64_t)verdict->picks_n < view->wanted; i++)
        if (view->candidates[i].retry_in_s <= 0)
            verdict->picks[verdict->picks_n++] = (struct policy_pick){.row = (int64_t)i};
}

static void c_ban(const struct ban_view *view, struct ban_verdict *verdict)
{
    bool banned = strcmp(view->kind, "pex_too_soon") == 0 ||
        strcmp(view->kind, "pex_bad_address") == 0 || strcmp(view->kind, "pex_unsolicited") == 0;
    *verdict = (struct ban_verdict){.ban_s = banned ? 86400 : 0, .disconnect = true};
}

static enum err c_ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    (void)self;
    (void)rng;
    if (hook == HOOK_bias)
        c_bias(view, verdict);
    else if (hook == HOOK_select)
        c_select(view, verdict);
    else if (hook == HOOK_ban)
        c_ban(view, verdict);
    else
        *(struct share_verdict *)verdict = (struct share_verdict){
            .count = ((const struct share_view *)view)->count, .new_percent = -1};
    return ERR_OK;
}

/* ---- measuring ---- */

static int64_t time_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t clock_ns(void *context)
{
    (void)context;
    return time_ns(CLOCK_MONOTONIC);
}

static int64_t cpu_ns(void *context)
{
    (void)context;
    return time_ns(CLOCK_THREAD_CPUTIME_ID);
}

static double time_of(struct bench *b, struct policy *policy, const struct subject *subject,
    const void *view, void *verdict, unsigned times)
{
    int64_t start_ns = cpu_ns(NULL);
    for (unsigned i = 0; i < times; i++)
        must(policy_ask(policy, subject->hook, &b->rng, view, verdict) == ERR_OK, "no answer");
    return (double)(cpu_ns(NULL) - start_ns) / times;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double times[ROUNDS])
{
    qsort(times, ROUNDS, sizeof *times, by_size);
    return times[ROUNDS / 2];
}

static unsigned times_for(double ns)
{
    double times = ROUND_NS / (ns > 1 ? ns : 1);
    return times < 3 ? 3 : times > 1e6 ? 1000000 : (unsigned)times;
}

static void measure(struct bench *b, struct script *script, const struct subject *subject)
{
    static uint64_t view[64], verdict[16384];
    const struct schema_hook *schema = &schema_hooks[subject->hook];
    must(schema->view_size <= sizeof view && schema->verdict.size <= sizeof verdict, "no room");
    schema_view_defaults(schema, view);
    if (subject->hook == HOOK_select) {
        struct select_view *select = (struct select_view *)view;
        select->candidates = b->rows;
        select->candidates_n = (size_t)subject->candidates;
        select->wanted = subject->candidates; /* all of them are looked at */
    }
    double lua[ROUNDS], c[ROUNDS];
    unsigned lua_times = times_for(time_of(b, b->lua, subject, view, verdict, 3));
    unsigned c_times = times_for(time_of(b, &b->rules, subject, view, verdict, 1000));
    for (int i = 0; i < ROUNDS; i++) {
        script_turn_begin(script);
        lua[i] = time_of(b, b->lua, subject, view, verdict, lua_times);
        c[i] = time_of(b, &b->rules, subject, view, verdict, c_times);
    }
    double lua_ns = median(lua), c_ns = median(c);
    printf(b->json ? "{\"bench\":\"policy\",\"decision\":\"%s\",\"lua_ns\":%.0f,\"c_ns\":%.1f}\n"
                   : "%-12s %10.0f ns in Lua %10.1f ns in C\n",
        subject->name, lua_ns, c_ns);
}

static void fill_rows(struct bench *b)
{
    for (unsigned i = 0; i < CANDIDATES_MAX; i++) {
        schema_row_defaults(&schema_rows[0], &b->rows[i]);
        snprintf(b->ids[i], ID_TEXT, "%040x", i + 1);
        b->rows[i].id = b->ids[i];
        b->rows[i].retry_in_s = i % 4 == 0 ? 5 : 0;
    }
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct script *script;
    struct script_error error;
    struct script_settings settings = script_settings_default();
    settings.clock_ns = clock_ns;
    settings.cpu_ns = cpu_ns;
    settings.turn_fuse_ms = 1000000;
    b.json = argc > 1 && strcmp(argv[1], "--json") == 0;
    must(script_new(&settings, &script, &error) == ERR_OK, "the policy does not load");
    b.lua = script_policy(script);
    b.rules.ask = c_ask;
    rng_seed(&b.rng, 1);
    fill_rows(&b);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        measure(&b, script, &subjects[i]);
    script_free(script);
    return 0;
}
