/* What the tests of core/script share: a script under a clock of the test's choice, policies from
 * text, and questions with the schema's defaults. */
#ifndef TESTS_SCRIPT_FIXTURE_H
#define TESTS_SCRIPT_FIXTURE_H

#include "policy/schema.h"
#include "script/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define LOG_LINES_MAX 64

struct fixture {
    struct script *script;
    struct script_settings settings;
    struct rng rng;
    struct script_error error;
    int64_t clock_ns;
    int64_t clock_step_ns; /* added at every reading; -1: the real clocks */
    int64_t cpu_time_ns;
    int64_t cpu_step_ns; /* added at every reading of the clock */
    unsigned lines_n;
    char lines[LOG_LINES_MAX][LOG_TEXT_MAX];
};

static inline int64_t real_clock_ns(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int64_t fixture_clock(void *context)
{
    struct fixture *fixture = context;
    if (fixture->clock_step_ns < 0)
        return real_clock_ns(CLOCK_MONOTONIC);
    fixture->cpu_time_ns += fixture->cpu_step_ns;
    return fixture->clock_ns += fixture->clock_step_ns;
}

/* For settings.cpu_ns; without it all time of the clock counts. */
static inline int64_t fixture_cpu(void *context)
{
    const struct fixture *fixture = context;
    if (fixture->clock_step_ns < 0)
        return real_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    return fixture->cpu_time_ns;
}

static inline void fixture_log(void *context, const struct log_line *line)
{
    struct fixture *fixture = context;
    log_line_logfmt(line, 0, fixture->lines[fixture->lines_n++ % LOG_LINES_MAX], LOG_TEXT_MAX);
}

/* How many log lines contain text. */
static inline unsigned fixture_logged(const struct fixture *fixture, const char *text)
{
    unsigned n = 0;
    for (unsigned i = 0; i < fixture->lines_n && i < LOG_LINES_MAX; i++)
        n += strstr(fixture->lines[i], text) != NULL;
    return n;
}

/* settings of the fixture may be changed between fixture_init and fixture_start. */
static inline void fixture_init(struct fixture *fixture)
{
    memset(fixture, 0, sizeof *fixture);
    fixture->settings = script_settings_default();
    fixture->settings.tries_hooks = false; /* what fails is to fail while it is live */
    fixture->settings.clock_ns = fixture_clock;
    fixture->settings.clock_context = fixture;
    fixture->settings.log =
        (struct log){.level = LOG_DEBUG, .write = fixture_log, .context = fixture};
    rng_seed(&fixture->rng, 7);
}

static inline void fixture_start(struct fixture *fixture)
{
    enum err err = script_new(&fixture->settings, &fixture->script, &fixture->error);
    if (err != ERR_OK)
        fail_msg("%s:%d: %s", fixture->error.file, fixture->error.line, fixture->error.message);
}

static inline void fixture_stop(struct fixture *fixture)
{
    script_free(fixture->script);
}

static inline int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture_init(fixture);
    fixture_start(fixture);
    *state = fixture;
    return 0;
}

static inline int teardown(void **state)
{
    fixture_stop(*state);
    free(*state);
    return 0;
}

/* A test with a fixture of its own in *state. */
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static inline struct script_source source_of(const char *text)
{
    return (struct script_source){.name = "test.lua", .text = span_of_text(text)};
}

#define NOW_S 1.7e9

static inline enum err fixture_load(struct fixture *fixture, const char *text)
{
    struct script_source source = source_of(text);
    return script_load(fixture->script, &source, NOW_S, &fixture->error);
}

/* Loads a policy that must load. */
static inline void load(struct fixture *fixture, const char *text)
{
    if (fixture_load(fixture, text) != ERR_OK)
        fail_msg("%s:%d: %s", fixture->error.file, fixture->error.line, fixture->error.message);
}

static inline enum err ask(struct fixture *fixture, enum hook hook, const void *view, void *verdict)
{
    return policy_ask(script_policy(fixture->script), hook, &fixture->rng, view, verdict);
}

static inline struct bias_view bias_view(int64_t outbound, int64_t wanted)
{
    struct bias_view view;
    schema_view_defaults(&schema_hooks[HOOK_bias], &view);
    view.common.outbound = outbound;
    view.wanted = wanted;
    return view;
}

static inline struct bias_verdict ask_bias(
    struct fixture *fixture, int64_t outbound, int64_t wanted)
{
    struct bias_view view = bias_view(outbound, wanted);
    struct bias_verdict verdict;
    assert_int_equal(ask(fixture, HOOK_bias, &view, &verdict), ERR_OK);
    return verdict;
}

static inline struct script_hook_stats hook_stats(struct fixture *fixture, enum hook hook)
{
    struct script_stats stats;
    script_stats(fixture->script, &stats);
    return stats.hooks[hook];
}

#endif
