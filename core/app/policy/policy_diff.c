#include "app/policy/diff_rows.h"
#include "app/policy/policy_named.h"
#include "app/text/complain.h"
#include "app/text/report_json.h"
#include "app/trace/trace_input.h"
#include "policy/verdict.h"
#include "script/snapshot.h"
#include "trace/decision.h"
#include "trace/step_code.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORDED "recorded"

static const struct flag own_flags[] = {
    {"trace", "FILE", "The recorded questions; see [trace] in config.toml. May be given again."},
    {"hook", "NAME", "Only decisions of this hook."},
    FLAG_TAGS,
    {"json", NULL, "Print one JSON object for each difference, a line each, and one for the sum."},
};

/* One of the two. */
struct candidate {
    const char *name;
    struct script *script; /* NULL: what was recorded */
    enum err err;          /* of the question at hand */
    void *verdict;
};

struct hook_sum {
    uint64_t asked, differ, failed; /* failed: neither policy nor base could answer */
};

struct diff {
    const struct flags *flags;
    enum hook only; /* HOOK_COUNT: all */
    struct candidate old, new;
    bool has_state;
    struct hook_sum sums[HOOK_COUNT];
    struct codec view; /* of a question that differs */
    struct tags *tags;
    struct script_error error;
};

/* ---- candidates ---- */

static enum err load_named(struct candidate *candidate, struct script_error *error)
{
    struct policy_named policy;
    char cause[POLICY_CAUSE_MAX];
    enum err err = policy_named_read(candidate->name, &policy, cause);
    if (err) {
        *error = (struct script_error){0};
        snprintf(error->message, sizeof error->message, "%.*s", SCRIPT_MESSAGE_MAX, cause);
        return err;
    }
    err = script_load(candidate->script, &policy.source, 0, error);
    policy_named_free(&policy);
    return err;
}

static enum err load(struct candidate *candidate, struct script_error *error)
{
    const struct script_settings settings = trace_script_settings();
    if (strcmp(candidate->name, RECORDED) == 0)
        return ERR_OK;
    enum err err = script_new(&settings, &candidate->script, error);
    return err ? err : load_named(candidate, error);
}

static bool open_candidate(struct candidate *candidate)
{
    struct script_error error = {0};
    char cause[TRACE_CAUSE_MAX];
    size_t size = 0;
    for (int hook = 0; hook < HOOK_COUNT; hook++)
        if (schema_hooks[hook].verdict.size > size)
            size = schema_hooks[hook].verdict.size;
    candidate->verdict = calloc(1, size);
    enum err err = candidate->verdict ? load(candidate, &error) : ERR_NO_MEMORY;
    if (!err)
        return true;
    if (!*error.message)
        snprintf(error.message, sizeof error.message, "%s", err_text(err));
    trace_script_explain(&error, candidate->name, cause);
    complain("luapex: error: %s", err == ERR_NOT_FOUND ? error.message : cause);
    return false;
}

static uint32_t wishes_of(const struct candidate *candidate)
{
    return candidate->script ? policy_wishes(script_policy(candidate->script)) : 0;
}

/* They begin with the recorded policy's state, as if they had been loaded in its place. */
static enum err take_state(struct diff *diff, struct candidate *candidate, struct span bytes)
{
    struct codec codec = codec_reader(bytes);
    if (!candidate->script)
        return ERR_OK;
    return script_snapshot_carry(&codec, candidate->script, &diff->error);
}

static enum err open_policy(void *context, struct span bytes, struct policy **policy)
{
    struct diff *diff = context;
    (void)policy; /* recorded answers count */
    if (diff->has_state)
        return ERR_OK;
    diff->has_state = true;
    enum err err = take_state(diff, &diff->old, bytes);
    return err ? err : take_state(diff, &diff->new, bytes);
}

/* ---- questions ---- */

static size_t verdict_size(enum hook hook)
{
    return schema_hooks[hook].verdict.size;
}

static void answer(struct candidate *candidate, const struct replay_question *question)
{
    struct rng rng = question->rng;
    if (!candidate->script) {
        candidate->err = question->err;
        if (!question->err)
            memcpy(candidate->verdict, question->verdict, verdict_size(question->hook));
        return;
    }
    struct policy *policy = script_policy(candidate->script);
    candidate->err = ERR_NOT_FOUND;
    if (policy_wants(policy, question->hook))
        candidate->err =
            policy_ask(policy, question->hook, &rng, question->view, candidate->verdict);
}

static bool differ(const struct diff *diff, enum hook hook)
{
    if (diff->old.err || diff->new.err)
        return diff->old.err != diff->new.err;
    return !verdict_equal(hook, diff->old.verdict, diff->new.verdict);
}

static json_t *answer_json(enum hook hook, const struct candidate *candidate)
{
    if (candidate->err)
        return json_pack(
            "{s:s}", "by", candidate->err == ERR_NOT_FOUND ? "the core" : "nobody: it failed");
    json_t *made = json_pack("{s:o?}", "verdict", decision_verdict_json(hook, candidate->verdict));
    const char *reason = decision_reason(hook, candidate->verdict);
    if (made && *reason)
        json_object_set_new(made, "reason", report_text(reason));
    return made;
}

/* The view with the rows that one of the verdicts names. */
static json_t *view_json(struct diff *diff, const struct replay_question *question)
{
    codec_reset(&diff->view);
    decision_write_named(&diff->view, question->hook, question->view,
        diff->old.err ? NULL : diff->old.verdict, diff->new.err ? NULL : diff->new.verdict);
    return decision_view_json(codec_written(&diff->view), question->hook, NULL);
}

static json_t *difference_json(struct diff *diff, const struct replay_question *question)
{
    return json_pack("{s:s, s:I, s:I, s:f, s:o?, s:o?, s:o?}", "hook",
        schema_hooks[question->hook].name, "segment", (json_int_t)question->segment, "step",
        (json_int_t)question->step, "time", (double)question->now.wall_ms / 1000, "old",
        answer_json(question->hook, &diff->old), "new", answer_json(question->hook, &diff->new),
        "view", view_json(diff, question));
}

/* ---- for people ---- */

static void print_answer(const char *name, enum hook hook, const struct candidate *candidate)
{
    char text[VERDICT_TEXT_MAX];
    if (candidate->err) {
        printf("  %s  %s\n", name,
            candidate->err == ERR_NOT_FOUND ? "leaves it to the core" : "failed");
        return;
    }
    printf("  %s  %s", name, verdict_answer_text(hook, candidate->verdict, text, sizeof text));
    const char *reason = decision_reason(hook, candidate->verdict);
    json_t *quoted = *reason ? report_text(reason) : NULL;
    char *said = quoted ? json_dumps(quoted, JSON_ENCODE_ANY) : NULL;
    printf(said ? "  -- %s\n" : "\n", said);
    free(said);
    json_decref(quoted);
}

static void print_difference(struct diff *diff, const struct replay_question *question)
{
    char time[TRACE_TIME_TEXT];
    json_t *view = view_json(diff, question);
    printf("%s: segment %" PRIu64 ", step %" PRIu64 ", %s\n", schema_hooks[question->hook].name,
        question->segment, question->step, trace_time_text(question->now.wall_ms, time));
    print_answer("old", question->hook, &diff->old);
    print_answer("new", question->hook, &diff->new);
    diff_print_rows(&schema_hooks[question->hook], view);
    json_decref(view);
}

static void asked(void *context, const struct replay_question *question)
{
    struct diff *diff = context;
    struct hook_sum *sum = &diff->sums[question->hook];
    answer(&diff->old, question);
    answer(&diff->new, question);
    if (diff->only != HOOK_COUNT && diff->only != question->hook)
        return;
    sum->asked++;
    sum->failed += diff->new.err && diff->new.err != ERR_NOT_FOUND;
    if (!differ(diff, question->hook))
        return;
    sum->differ++;
    if (flags_has(diff->flags, "json"))
        report_print(difference_json(diff, question));
    else
        print_difference(diff, question);
}

static void print_sums(const struct diff *diff)
{
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        const struct hook_sum *sum = &diff->sums[hook];
        if (sum->asked == 0)
            continue;
        printf("%-10s %" PRIu64 " of %" PRIu64 " decisions differ", schema_hooks[hook].name,
            sum->differ, sum->asked);
        if (sum->failed > 0)
            printf("; %s failed %" PRIu64 " times", diff->new.name, sum->failed);
        putchar('\n');
    }
}

static void print_sums_json(const struct diff *diff)
{
    json_t *hooks = json_object();
    json_int_t asked_n = 0, differ_n = 0;
    for (int hook = 0; hook < HOOK_COUNT; hook++) {
        const struct hook_sum *sum = &diff->sums[hook];
        if (sum->asked == 0)
            continue;
        asked_n += (json_int_t)sum->asked;
        differ_n += (json_int_t)sum->differ;
        json_object_set_new(hooks, schema_hooks[hook].name,
            json_pack("{s:I, s:I, s:I}", "asked", (json_int_t)sum->asked, "differ",
                (json_int_t)sum->differ, "failed", (json_int_t)sum->failed));
    }
    report_print(json_pack("{s:o, s:o, s:I, s:I, s:o}", "old", report_text(diff->old.name), "new",
        report_text(diff->new.name), "asked", asked_n, "differ", differ_n, "hooks", hooks));
}

/* ---- the command ---- */

static int fail(const char *cause)
{
    complain("luapex: error: %s", cause);
    return EXIT_FAILED;
}

static int judge(const struct diff *diff, const char *path, const struct trace_input *input,
    enum err err, const struct replay_report *report)
{
    char cause[TRACE_CAUSE_MAX];
    trace_input_warn(path, report);
    if (report->difference) {
        snprintf(cause, sizeof cause,
            "%s: it does not replay to the same actions (luapex replay says where)", path);
        return fail(cause);
    }
    if (!err)
        return EXIT_OK;
    if (*diff->error.message)
        trace_script_explain(&diff->error, "its state", cause);
    else
        trace_input_explain(path, err, input, report, cause);
    return fail(cause);
}

static int diff_file(struct diff *diff, const char *path)
{
    struct trace_input input;
    struct replay_report report;
    char cause[TRACE_CAUSE_MAX];
    if (!trace_input_open(path, &input, cause))
        return fail(cause);
    const struct replay_settings settings = {
        .open_policy = open_policy,
        .asked = asked,
        .wishes = wishes_of(&diff->old) | wishes_of(&diff->new),
        .context = diff,
        .log = {.level = LOG_NONE},
        .tags = diff->tags,
    };
    enum err err = replay_run(input.source, &settings, &report);
    int code = judge(diff, path, &input, err, &report);
    replay_report_free(&report);
    trace_input_close(&input);
    return code;
}

static void close_candidate(struct candidate *candidate)
{
    script_free(candidate->script);
    free(candidate->verdict);
}

static int run(struct diff *diff)
{
    int code = EXIT_OK;
    if (!open_candidate(&diff->old) || !open_candidate(&diff->new))
        return EXIT_FAILED;
    for (size_t i = 0; i < flags_count(diff->flags, "trace") && code == EXIT_OK; i++)
        code = diff_file(diff, flags_nth(diff->flags, "trace", i));
    if (flags_has(diff->flags, "json"))
        print_sums_json(diff);
    else
        print_sums(diff);
    return code;
}

static int policy_diff(const struct flags *flags)
{
    struct diff diff = {.flags = flags, .only = HOOK_COUNT};
    const char *hook = flags_value(flags, "hook");
    if (flags->arguments_n != 2)
        return flags_misuse(flags->command, "which two? luapex policy diff OLD NEW --trace FILE");
    if (flags_count(flags, "trace") == 0)
        return flags_misuse(flags->command, "on which questions? --trace FILE");
    if (hook && !schema_hook_find(hook, &diff.only))
        return flags_misuse(flags->command, "no hook '%s'; luapex policy doc lists them", hook);
    diff.old.name = flags->arguments[0];
    diff.new.name = flags->arguments[1];
    diff.view = codec_writer();
    if (!trace_input_tags(flags, &diff.tags))
        return EXIT_FAILED;
    int code = run(&diff);
    close_candidate(&diff.old);
    close_candidate(&diff.new);
    codec_free(&diff.view);
    tags_free(diff.tags);
    return code;
}

const struct command command_policy_diff = {
    .name = "policy diff",
    .arguments = "OLD NEW",
    .arguments_max = 2,
    .summary = "what would another policy have decided?",
    .about = "Puts the questions of a trace to two policies and prints the decisions that differ\n"
             "and the rows behind them, without what is as by default. The node goes through the "
             "trace as it was recorded; each\n"
             "policy begins with the state of the recorded one and keeps its own from then on.\n"
             "A policy is a file, the name of a built-in one, or " RECORDED ": what was answered\n"
             "then. A reason that differs is no difference.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = policy_diff,
};
