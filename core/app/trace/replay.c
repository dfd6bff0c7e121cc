#include "app/text/complain.h"
#include "app/text/report_json.h"
#include "app/trace/trace_input.h"
#include "script/snapshot.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const struct flag own_flags[] = {
    {"segment", "N", "Only this segment, from its own beginning. They are numbered from 1."},
    {"until", "N", "Stop after so many steps."},
    FLAG_TAGS,
    {"json", NULL, "Print one JSON object."},
};

struct replaying {
    struct script *script; /* of the segment */
    struct script_error error;
};

static enum err open_policy(void *context, struct span bytes, struct policy **policy)
{
    struct replaying *replaying = context;
    struct codec codec = codec_reader(bytes);
    const struct script_settings host = trace_script_settings();
    script_free(replaying->script);
    replaying->script = NULL;
    enum err err = script_snapshot_read(&codec, &host, &replaying->script, &replaying->error);
    if (!err)
        *policy = script_policy(replaying->script);
    return err;
}

/* ---- for people ---- */

static void print_member(const char *name, const json_t *value)
{
    char *text = value ? report_line(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    printf("  %-9s %s\n", name, text ? text : "nothing");
    free(text);
}

/* One to a line. */
static void print_list(const char *name, const json_t *list)
{
    size_t i;
    json_t *item;
    if (!json_is_array(list) || json_array_size(list) == 0) {
        print_member(name, json_is_array(list) ? NULL : list);
        return;
    }
    json_array_foreach(list, i, item) print_member(i == 0 ? name : "", item);
}

static void print_difference(const struct replay_report *report)
{
    static const char *const what[] = {"", "another question was asked",
        "the policy answered otherwise", "the node wanted something else",
        "the node is not the one that was recorded"};
    char time[TRACE_TIME_TEXT];
    printf("Differs at segment %" PRIu64 ", step %" PRIu64 ", %s: %s\n", report->segment,
        report->step, trace_time_text(report->now.wall_ms, time), what[report->difference]);
    print_member("event", report->event);
    print_list("expected", report->expected);
    print_list("got", report->got);
    if (report->decision)
        print_member("decision", report->decision);
}

static void print_summary(const char *path, const struct replay_report *report)
{
    printf("%s: %" PRIu64 " %s, %" PRIu64 " steps, %" PRIu64 " decisions", path, report->segments,
        report->segments == 1 ? "segment" : "segments", report->steps, report->decisions);
    puts(report->difference ? "" : ": all as recorded");
    if (report->difference && strcmp(report->version, LUAPEX_VERSION) != 0)
        printf("It was written by luapex %s; " LUAPEX_VERSION " may behave otherwise.\n",
            report->version);
    if (*report->end)
        printf("It ends because: %s\n", report->end);
}

/* ---- for programs ---- */

static json_t *difference_json(const struct replay_report *report)
{
    return json_pack("{s:s, s:I, s:I, s:f, s:O?, s:O?, s:O?, s:O?}", "kind",
        replay_difference_name(report->difference), "segment", (json_int_t)report->segment, "step",
        (json_int_t)report->step, "time", (double)report->now.wall_ms / 1000, "event",
        report->event, "expected", report->expected, "got", report->got, "decision",
        report->decision);
}

static void print_json(const char *path, const struct replay_report *report)
{
    report_print(json_pack("{s:o, s:o, s:I, s:I, s:I, s:b, s:o, s:o}", "file", report_text(path),
        "version", report_text(report->version), "segments", (json_int_t)report->segments, "steps",
        (json_int_t)report->steps, "decisions", (json_int_t)report->decisions, "whole",
        report->is_whole, "end", report_text_or_null(report->end), "difference",
        report->difference ? difference_json(report) : json_null()));
}

/* ---- the command ---- */

static int report(const struct flags *flags, const struct trace_input *input, enum err err,
    struct replay_report *report, const struct replaying *replaying)
{
    const char *path = flags->arguments[0];
    char cause[TRACE_CAUSE_MAX];
    trace_input_warn(path, report);
    if (!err || report->steps > 0) {
        if (flags_has(flags, "json"))
            print_json(path, report);
        else if (report->difference)
            print_difference(report);
        if (!flags_has(flags, "json"))
            print_summary(path, report);
    }
    if (err && *replaying->error.message)
        trace_script_explain(&replaying->error, path, cause);
    else if (err)
        trace_input_explain(path, err, input, report, cause);
    if (err)
        complain("luapex: error: %s", cause);
    return err || report->difference ? EXIT_FAILED : EXIT_OK;
}

static int replay(const struct flags *flags)
{
    struct trace_input input;
    struct replay_report made;
    struct replaying replaying = {0};
    char cause[TRACE_CAUSE_MAX];
    int64_t segment = 0, until = 0;
    struct tags *tags;
    if (flags->arguments_n != 1)
        return flags_misuse(flags->command, "which file? luapex replay FILE");
    if (!flags_integer(flags, "segment", 1, INT64_MAX, &segment) ||
        !flags_integer(flags, "until", 1, INT64_MAX, &until))
        return EXIT_MISUSE;
    if (!trace_input_tags(flags, &tags))
        return EXIT_FAILED;
    if (!trace_input_open(flags->arguments[0], &input, cause)) {
        tags_free(tags);
        complain("luapex: error: %s", cause);
        return EXIT_FAILED;
    }
    const struct replay_settings settings = {
        .open_policy = open_policy,
        .context = &replaying,
        .segment = (uint64_t)segment,
        .steps_max = (uint64_t)until,
        .log = {.level = LOG_NONE},
        .tags = tags,
    };
    enum err err = replay_run(input.source, &settings, &made);
    int code = report(flags, &input, err, &made, &replaying);
    replay_report_free(&made);
    script_free(replaying.script);
    trace_input_close(&input);
    tags_free(tags);
    return code;
}

const struct command command_replay = {
    .name = "replay",
    .arguments = "FILE",
    .arguments_max = 1,
    .summary = "go through a trace again, up to the first difference",
    .about = "A trace (see [trace] in config.toml) holds everything that happened to a node and "
             "what\n"
             "it decided. This rebuilds the node and its policy from the beginning of the first\n"
             "segment, tells it every event again, and compares questions, answers and actions\n"
             "with the recorded ones. At the first difference it stops, prints it, and exits\n"
             "with 1. Nothing is sent anywhere.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = replay,
};
