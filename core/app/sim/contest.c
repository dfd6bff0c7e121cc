#include "app/sim/contest.h"

#include "app/sim/progress.h"
#include "app/sim/workers.h"
#include "app/text/complain.h"
#include "base/text.h"
#include "sim/need.h"
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define NODE_MEMORY                                                                                \
    (2 * 1024 * 1024) /* measured: 1.5 to 2 MiB, most of it two or three Lua VMs                   \
                       */

struct contesting {
    const struct contest *contest;
    const struct flags *flags;
    struct result *results;  /* all players' of the first run, of the second ...; shared */
    struct figures *samples; /* of all of them, one run's behind the other's; shared */
    size_t n;
    size_t printed; /* of these, in JSON */
    size_t ended;
    struct progress progress;
    bool has_failed;
};

static const struct player *player_of(const struct contesting *contesting, size_t at)
{
    return &contesting->contest->players[at % contesting->contest->players_n];
}

static struct series series_of(const struct contesting *contesting, size_t at)
{
    const struct contest *contest = contesting->contest;
    if (contest->every_s == 0)
        return (struct series){0};
    size_t n = (size_t)(contest->scenario.for_ms / SECONDS_MS(contest->every_s));
    return (struct series){contesting->samples + at * n, n, contest->every_s};
}

/* ---- in a process of its own ---- */

static void work(void *context, size_t piece)
{
    const struct contesting *contesting = context;
    struct result *result = &contesting->results[piece];
    const struct play play = {
        .scenario = &contesting->contest->scenario,
        .player = player_of(contesting, piece),
        .seed = result->seed,
        .series = series_of(contesting, piece),
        .done_ms = &result->done_ms,
    };
    result->end = play_run(&play, &result->outcome);
}

/* ---- while they run ---- */

/* In order: each as soon as those before it have ended, or, when no more will end, all that have.
 */
static void print_json(struct contesting *contesting, bool is_over)
{
    for (; contesting->printed < contesting->n; contesting->printed++) {
        const struct result *result = &contesting->results[contesting->printed];
        if (result->end != PLAY_DONE && !is_over)
            break;
        progress_clear(&contesting->progress);
        const struct series series = series_of(contesting, contesting->printed);
        if (result->end == PLAY_DONE)
            report_result(&contesting->contest->scenario,
                player_of(contesting, contesting->printed), result, &series);
    }
    fflush(stdout);
}

static void waiting(void *context)
{
    struct contesting *contesting = context;
    int64_t done_ms = 0, all_ms = contesting->contest->scenario.for_ms * (int64_t)contesting->n;
    for (size_t i = 0; i < contesting->n; i++)
        done_ms += contesting->results[i].done_ms;
    progress_tell(&contesting->progress, "%d %%, %zu of %zu runs ended",
        (int)(100 * done_ms / all_ms), contesting->ended, contesting->n);
}

static void tell_killed(const struct contesting *contesting, size_t piece, int number)
{
    progress_clear((struct progress *)&contesting->progress);
    complain("luapex: error: the run of %s from seed number %" PRIu64
             " was ended by signal %d, %s%s",
        player_of(contesting, piece)->title, contesting->results[piece].seed, number,
        strsignal(number),
        number == SIGKILL ? ": perhaps for want of memory, which --jobs 1 takes less of" : "");
}

static bool ended(void *context, size_t piece, int signal)
{
    struct contesting *contesting = context;
    contesting->ended++;
    if (signal > 0)
        tell_killed(contesting, piece, signal);
    contesting->has_failed |= contesting->results[piece].end != PLAY_DONE;
    if (contesting->contest->as_json)
        print_json(contesting, false);
    return !contesting->has_failed;
}

/* ---- at the end ---- */

static void warn_of_errors(const struct contesting *contesting)
{
    size_t players_n = contesting->contest->players_n;
    for (size_t player = 0; player < players_n; player++) {
        uint64_t errors = 0;
        const char *why = "";
        for (size_t at = player; at < contesting->n; at += players_n) {
            const struct result *result = &contesting->results[at];
            if (result->end != PLAY_DONE)
                continue;
            errors += result->outcome.errors;
            why = *why ? why : result->outcome.why;
        }
        if (errors > 0)
            complain("luapex: warning: %s failed at %" PRIu64
                     " questions, which what it extends answered: %s",
                player_of(contesting, player)->title, errors, why);
    }
}

static bool is_complete(const struct contesting *contesting, size_t run)
{
    size_t n = contesting->contest->players_n;
    for (size_t at = run * n; at < (run + 1) * n; at++)
        if (contesting->results[at].end != PLAY_DONE)
            return false;
    return true;
}

/* A copy of the results of those runs that every player has been through, which alone can be
 * compared; *runs: how many. */
static struct result *copy_complete(const struct contesting *contesting, size_t *runs)
{
    size_t n = contesting->contest->players_n;
    struct result *results = need(calloc(contesting->n, sizeof *results));
    *runs = 0;
    for (size_t run = 0; run < (size_t)contesting->contest->runs; run++)
        if (is_complete(contesting, run))
            memcpy(&results[(*runs)++ * n], &contesting->results[run * n], n * sizeof *results);
    return results;
}

char *contest_again(
    const struct flags *flags, const struct player *player, const struct result *result)
{
    struct text text = {0};
    char *made;
    text_add_text(&text, "luapex sim");
    for (size_t i = 0; i < flags->own_n; i++) {
        const struct settings_override *flag = &flags->own[i];
        if (strcmp(flag->name, "runs") == 0 || strcmp(flag->name, "seed") == 0)
            continue;
        text_add_text(&text, " --");
        text_add_text(&text, flag->name);
        text_add_text(&text, *flag->value ? " " : "");
        text_add_text(&text, flag->value);
    }
    text_add_text(&text, " --runs 1 --seed ");
    text_add_count(&text, result->seed);
    text_add_char(&text, ' ');
    text_add_text(&text, player->spelled);
    return text_take(&text, &made, NULL) == ERR_OK ? made : NULL;
}

/* Why the contest ended early. */
static void tell_failure(const struct contesting *contesting)
{
    for (size_t at = 0; at < contesting->n; at++) {
        const struct result *result = &contesting->results[at];
        const struct player *player = player_of(contesting, at);
        if (result->end == PLAY_REFUSED)
            complain("luapex: error: %s: %s", player->title, result->outcome.why);
        if (result->end != PLAY_BROKEN)
            continue;
        char *again = contest_again(contesting->flags, player, result);
        complain("luapex: error: a node broke a rule that holds whatever its policy says: %s",
            result->outcome.why);
        complain("This is a defect of luapex. To see it again: %s", again);
        free(again);
        return;
    }
}

static void report(struct contesting *contesting, enum workers_end end)
{
    const struct contest *contest = contesting->contest;
    size_t runs;
    struct result *results = copy_complete(contesting, &runs);
    const struct table table = {.scenario = &contest->scenario,
        .players = contest->players,
        .players_n = contest->players_n,
        .results = results,
        .runs = runs};
    if (contest->as_json)
        print_json(contesting, true);
    else if (runs > 0)
        report_table(&table);
    fflush(stdout);
    if (end == WORKERS_INTERRUPTED)
        complain(
            "luapex: interrupted: %zu of %" PRId64 " networks are complete", runs, contest->runs);
    free(results);
}

static bool make_room(struct contesting *contesting)
{
    const struct contest *contest = contesting->contest;
    size_t samples_n = contesting->n * series_of(contesting, 0).n;
    contesting->results = workers_share(contesting->n * sizeof *contesting->results);
    contesting->samples = workers_share((samples_n + 1) * sizeof *contesting->samples);
    if (!contesting->results || !contesting->samples)
        return false;
    for (size_t at = 0; at < contesting->n; at++) {
        size_t run = at / contest->players_n;
        contesting->results[at].run = (int64_t)run + 1;
        contesting->results[at].seed = (uint64_t)contest->seed + run;
    }
    return true;
}

int contest_run(const struct contest *contest, const struct flags *flags)
{
    struct contesting contesting = {
        .contest = contest, .flags = flags, .n = (size_t)contest->runs * contest->players_n};
    const struct workers workers = {
        .n = contesting.n,
        .jobs = contest->jobs,
        .work = work,
        .ended = ended,
        .waiting = waiting,
        .context = &contesting,
    };
    if (!make_room(&contesting)) {
        complain("luapex: error: no memory for the results of so many runs");
        return EXIT_FAILED;
    }
    progress_open(&contesting.progress);
    enum workers_end end = workers_run(&workers);
    progress_clear(&contesting.progress);
    if (end == WORKERS_NO_PROCESS)
        complain("luapex: error: no process for a run: %s", strerror(errno));
    report(&contesting, end);
    warn_of_errors(&contesting);
    tell_failure(&contesting);
    return end == WORKERS_DONE && !contesting.has_failed ? EXIT_OK : EXIT_FAILED;
}

unsigned contest_jobs(const struct scenario *scenario)
{
    int64_t cores = sysconf(_SC_NPROCESSORS_ONLN);
    int64_t free_memory = (int64_t)uv_get_free_memory(); /* that no swapping gives; 0: unknown */
    int64_t fit = free_memory / (NODE_MEMORY * (scenario->nodes + scenario->seed_nodes));
    int64_t jobs = fit < cores ? fit : cores;
    return jobs < 1 ? 1 : jobs > WORKERS_MAX ? WORKERS_MAX : (unsigned)jobs;
}
