#include "trace/replay_inside.h"

#include "node/snapshot.h"
#include "policy/schema.h"
#include "trace/action_code.h"
#include "trace/tags_code.h"
#include <stdlib.h>

const char *replay_difference_name(enum replay_difference difference)
{
    static const char *const names[] = {"none", "question", "answer", "actions", "state"};
    return names[difference];
}

void replay_report_free(struct replay_report *report)
{
    json_decref(report->event);
    json_decref(report->decision);
    json_decref(report->expected);
    json_decref(report->got);
    report->event = report->decision = report->expected = report->got = NULL;
}

/* ---- steps ---- */

static void compare_actions(struct replay *replay)
{
    bool another;
    struct step_answer left = {0};
    code_bool(&replay->body, &another);
    if (another)
        step_code_answer(&replay->body, &left);
    if (replay->body.err) {
        replay->err = replay->body.err;
        return;
    }
    if (another) {
        replay_differ(replay, REPLAY_QUESTION, replay_hook_json(left.hook), NULL);
        return;
    }
    codec_reset(&replay->one);
    actions_write(&replay->one, replay->outbox.at, replay->outbox.n);
    if (span_equal(codec_written(&replay->one), replay->body.in))
        return;
    json_t *expected = actions_json(replay->body.in);
    if (expected)
        replay_differ(replay, REPLAY_ACTIONS, expected, actions_json(codec_written(&replay->one)));
    else
        replay->err = ERR_CORRUPT;
}

static void run_step(struct replay *replay, struct span body)
{
    replay->body = codec_reader(body);
    replay->hook = HOOK_COUNT;
    replay->step++;
    step_code_now(&replay->body, &replay->last, &replay->now);
    event_code(&replay->body, &replay->event, &replay->room);
    if (!replay->body.err && !node_may_hear(replay->node, &replay->event))
        codec_refuse(&replay->body);
    if (replay->body.err) {
        replay->err = replay->body.err;
        return;
    }
    node_step(replay->node, replay->now, &replay->event, &replay->outbox);
    if (!replay_is_over(replay))
        compare_actions(replay);
    outbox_reset(&replay->outbox);
    replay->report->steps++;
}

/* ---- segments ---- */

static void compare_state(struct replay *replay, const struct trace_segment *next)
{
    codec_reset(&replay->one);
    node_snapshot_write(&replay->one, replay->node);
    if (span_equal(codec_written(&replay->one), next->node))
        return;
    replay->hook = HOOK_COUNT;
    replay_differ(replay, REPLAY_STATE, json_pack("{s:I}", "bytes", (json_int_t)next->node.n),
        json_pack("{s:I}", "bytes", (json_int_t)replay->one.n));
}

static void open_policy(struct replay *replay)
{
    replay->inner = NULL;
    if (replay->settings->open_policy)
        replay->err = replay->settings->open_policy(
            replay->settings->context, replay->segment.policy, &replay->inner);
}

static void open_segment(struct replay *replay)
{
    struct codec codec = codec_reader(replay->segment.node);
    const struct replay_settings *settings = replay->settings;
    const struct node_surroundings surroundings = {
        &replay->policy, settings->log, settings->tags ? settings->tags : replay->tags};
    node_free(replay->node);
    replay->node = node_snapshot_read(&codec, &surroundings);
    if (codec_end(&codec)) {
        replay->err = codec.err;
        return;
    }
    replay->step = 0;
    replay->last = replay->segment.now;
    replay->wants = replay->segment.wants;
    replay->report->segments++;
    open_policy(replay);
}

static bool is_wanted(const struct replay *replay)
{
    uint64_t wanted = replay->settings->segment;
    return wanted == 0 || wanted == replay->segment.number;
}

static void run_segment(struct replay *replay, struct span body)
{
    struct codec codec = codec_reader(body);
    struct trace_segment next;
    trace_code_segment(&codec, &next);
    if (codec_end(&codec)) {
        replay->err = codec.err;
        return;
    }
    bool follows = replay->node && next.number == replay->segment.number + 1;
    if (follows)
        compare_state(replay, &next);
    if (replay_is_over(replay))
        return;
    replay->segment = next;
    if (is_wanted(replay)) {
        open_segment(replay);
        return;
    }
    node_free(replay->node);
    replay->node = NULL;
}

/* At the head of a file, ahead of its segments. */
static enum err read_tags(struct replay *replay, struct span body)
{
    struct codec codec = codec_reader(body);
    const struct tags *others = replay->settings->tags;
    struct tags_record record = {0};
    tags_record_code(&codec, &record);
    if (codec_end(&codec))
        return codec.err;
    if (replay->segment.number > 0 || replay->tags)
        return ERR_CORRUPT;
    if (others) {
        replay->report->has_other_tags = tags_digest(others) != record.digest;
        return ERR_OK;
    }
    if (!record.is_whole)
        return ERR_INVALID;
    enum err err = tags_parse(record.text, &replay->tags, NULL);
    return err && err != ERR_NO_MEMORY ? ERR_CORRUPT : err;
}

static void run_end(struct replay *replay, struct span body)
{
    struct codec codec = codec_reader(body);
    code_text(&codec, replay->report->end, sizeof replay->report->end);
    replay->err = codec_end(&codec);
}

static void run_record(struct replay *replay, const struct trace_record *record)
{
    switch (record->kind) {
    case TRACE_SEGMENT:
        run_segment(replay, record->body);
        break;
    case TRACE_STEP:
        if (replay->node)
            run_step(replay, record->body);
        else if (replay->segment.number == 0)
            replay->err = ERR_CORRUPT;
        break;
    case TRACE_END:
        run_end(replay, record->body);
        break;
    case TRACE_TAGS:
        replay->err = read_tags(replay, record->body);
        break;
    default:
        replay->err = ERR_CORRUPT;
    }
}

static bool is_enough(const struct replay *replay)
{
    const struct replay_settings *settings = replay->settings;
    return (settings->steps_max > 0 && replay->report->steps == settings->steps_max) ||
        (settings->segment > 0 && replay->segment.number > settings->segment);
}

static enum err run_all(struct replay *replay, struct trace_reader *reader)
{
    struct trace_record record;
    enum err err;
    while (!replay_is_over(replay) && !is_enough(replay) && !(err = trace_next(reader, &record))) {
        replay->report->at = reader->at;
        run_record(replay, &record);
    }
    if (replay_is_over(replay) || is_enough(replay))
        return replay->err;
    replay->report->is_whole = err == ERR_NOT_FOUND;
    if (err != ERR_NOT_FOUND)
        replay->report->at = reader->next;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- all ---- */

static void *largest_verdict(void)
{
    size_t size = 0;
    for (int hook = 0; hook < HOOK_COUNT; hook++)
        if (schema_hooks[hook].verdict.size > size)
            size = schema_hooks[hook].verdict.size;
    return calloc(1, size);
}

static void close_replay(struct replay *replay)
{
    node_free(replay->node);
    tags_free(replay->tags);
    outbox_free(&replay->outbox);
    event_room_free(&replay->room);
    codec_free(&replay->question);
    codec_free(&replay->one);
    codec_free(&replay->other);
    free(replay->recorded);
    free(replay);
}

static enum err run(struct replay *replay, struct trace_reader *reader)
{
    replay->recorded = largest_verdict();
    if (!replay->recorded)
        return ERR_NO_MEMORY;
    enum err err = run_all(replay, reader);
    return !err && replay->report->segments == 0 ? ERR_NOT_FOUND : err;
}

static enum err run_opened(struct trace_reader *reader, const struct replay_settings *settings,
    struct replay_report *report)
{
    struct replay *replay = calloc(1, sizeof *replay);
    if (!replay)
        return ERR_NO_MEMORY;
    replay->policy = replay_policy();
    replay->settings = settings;
    replay->report = report;
    replay->question = replay->one = replay->other = codec_writer();
    enum err err = run(replay, reader);
    close_replay(replay);
    return err;
}

enum err replay_run(struct trace_source source, const struct replay_settings *settings,
    struct replay_report *report)
{
    struct trace_reader reader;
    struct trace_header header;
    *report = (struct replay_report){.has_other_tags = tags_count(settings->tags) > 0};
    enum err err = trace_open(&reader, source, &header);
    report->at = reader.next;
    if (!err) {
        memcpy(report->version, header.version, sizeof report->version);
        err = header.format == TRACE_FORMAT ? run_opened(&reader, settings, report) : ERR_INVALID;
    }
    trace_close(&reader);
    return err;
}
