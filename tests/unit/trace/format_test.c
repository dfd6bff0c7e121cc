/* with: script
 * What a file of a trace looks like, and that files of this format which others wrote are read.
 *
 * When one of the tests here fails after a change of the node, the book or the schema, traces are
 * made of something else: raise TRACE_FORMAT (trace/format.h) unless no release has that number
 * yet, have the sample written again by
 *     trace_format_test write tests/vectors/trace/format-N.trace
 * as well as the seeds of fuzzing (tests/fuzz/trace_seeds.py), and put the number that the test
 * prints into SCHEMA. */
#include "policy/schema.h"
#include "script/snapshot.h"
#include "trace/action_code.h"
#include "trace/decision.h"
#include "trace/digest.h"
#include "trace/step_code.h"
#include "trace/tags_code.h"
#include "unit/trace/tape.h"

#define SCHEMA UINT64_C(0xb7be8c63dd6938b2)
#define SAMPLE TESTS_DIR "/vectors/trace/format-2.trace"
#define SAMPLE_MAX (1u << 20)

/* ---- what bodies are made of besides structs ---- */

static uint64_t mix(uint64_t sum, const char *text, uint64_t number)
{
    uint64_t all[3] = {sum, digest(span_of_text(text)), number};
    return digest(span_of(all, sizeof all));
}

static uint64_t mix_verdict(uint64_t sum, const struct schema_hook *hook)
{
    for (unsigned i = 0; i < hook->verdict.alternatives_n; i++) {
        const struct schema_alternative *alternative = &hook->verdict.alternatives[i];
        for (unsigned j = 0; j < alternative->fields_n; j++)
            sum = mix(sum, alternative->fields[j].name, (uint64_t)alternative->fields[j].type);
    }
    return sum;
}

static void what_is_written_by_number_is_that_of_the_format(void **state)
{
    static const char *const settings[] = {
#define NAME(type, field) #field,
        NODE_LIVE_SETTINGS(NAME)
#undef NAME
    };
    (void)state;
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++)
        sum = mix(sum, settings[i], i);
    for (unsigned i = 0; i < ERR_COUNT; i++)
        sum = mix(sum, err_name((enum err)i), i);
    for (unsigned i = 0; i < HOOK_COUNT; i++)
        sum = mix_verdict(mix(sum, schema_hooks[i].name, i), &schema_hooks[i]);
    if (sum != SCHEMA)
        print_error("SCHEMA is 0x%llx now: see the head of this file\n", (unsigned long long)sum);
    assert_true(sum == SCHEMA);
}

/* ---- a file of this format ---- */

static struct script_settings script_settings(void)
{
    struct script_settings settings = script_settings_default();
    settings.clock_ns = script_still_clock;
    settings.log = silent;
    return settings;
}

static void save_policy(void *context, struct now now, struct codec *codec)
{
    script_snapshot_write(codec, context, (double)now.wall_ms / 1000);
}

#define POLICY                                                                                     \
    "local policy = pex.policy { name = 'sample', version = 1, extends = 'default',\n"             \
    "  params = { step = { default = 1, min = 1, max = 9, doc = 'each time' } } }\n"               \
    "function policy.bias(view)\n"                                                                 \
    "  policy.state.n = (policy.state.n or 0) + policy.params.step\n"                              \
    "  if policy.state.n == 3 then error('three') end\n"                                           \
    "  return { new_percent = policy.state.n, draw = 20, reason = 'sample' }\n"                    \
    "end\n"                                                                                        \
    "return policy"

/* A socket that becomes a peer, asks, tells an address nobody asked for, and is cut off. */
static void meet(struct tape *tape)
{
    struct peer_id id = id_of(70);
    char id_text[PEER_ID_TEXT + 1];
    static const uint8_t pex = 0;
    const struct addr told = {id_of(71), endpoint_of(71)};
    const struct pex_message request = {.kind = PEX_REQUEST};
    const struct pex_message list = {
        .kind = PEX_ADDRS, .addrs = &told, .addrs_n = 1, .listed_n = 1};
    struct node_info info = {.listen_addr = span_of_text("8.8.0.70:26656"),
        .network = span_of_text("test"),
        .version = span_of_text("0.34.24"),
        .channels = span_of(&pex, 1),
        .moniker = span_of_text("peer")};
    struct event event = {.kind = EVENT_ACCEPTED, .conn = 1};
    info.id = span_of_text(peer_id_text(&id, id_text));
    event.accepted.remote = endpoint_of(70);
    tape_step(tape, &event);
    event = (struct event){.kind = EVENT_ESTABLISHED, .conn = 1};
    event.established.id = id;
    event.established.info = &info;
    event.established.remote = endpoint_of(70);
    event.established.connect_ms = -1;
    tape_step(tape, &event);
    tape_step(tape, &(struct event){.kind = EVENT_MESSAGE, .conn = 1, .message = &request});
    tape_rounds(tape, 30);
    tape_step(tape, &(struct event){.kind = EVENT_MESSAGE, .conn = 1, .message = &list});
}

/* Something of many kinds: tags, dials, a peer, bans, a policy that fails, several segments. */
static void live(struct tape *tape)
{
    struct event event = {.kind = EVENT_COMMAND};
    tape_live(tape);
    event.command.kind = COMMAND_BAN;
    event.command.ban.target = (struct ban_target){.kind = BAN_ID, .id = id_of(3)};
    event.command.ban.duration_ms = HOURS_MS(1);
    event.command.ban.reason = "sample";
    tape_step(tape, &event);
    meet(tape);
    tape_rounds(tape, 40);
}

static void record_sample(struct tape *tape)
{
    const struct script_settings made = script_settings();
    const struct script_source source = {.name = "sample.lua", .text = span_of_text(POLICY)};
    struct script_error error;
    struct script *script;
    struct tags *tags;
    assert_int_equal(script_new(&made, &script, &error), ERR_OK);
    assert_int_equal(script_load(script, &source, 1.7e9, &error), ERR_OK);
    assert_int_equal(tags_parse(span_of_text("8.8.0.0/29 near\n"), &tags, NULL), ERR_OK);
    const struct recorder_settings settings = {
        .tags = tags, .save_policy = save_policy, .context = script};
    tape_start(tape, settings, script_policy(script));
    live(tape);
    recorder_stop(tape->recorder, "enough");
    script_free(script);
    tags_free(tags);
}

/* ---- reading it, without doing anything ---- */

static void read_segment(struct span body)
{
    struct codec codec = codec_reader(body);
    struct trace_segment segment;
    struct policy none = {0};
    struct script_error error;
    struct script *script;
    const struct script_settings settings = script_settings();
    trace_code_segment(&codec, &segment);
    assert_int_equal(codec_end(&codec), ERR_OK);
    codec = codec_reader(segment.node);
    struct node *node =
        node_snapshot_read(&codec, &(struct node_surroundings){&none, silent, NULL});
    assert_int_equal(codec_end(&codec), ERR_OK);
    codec = codec_reader(segment.policy);
    assert_int_equal(script_snapshot_read(&codec, &settings, &script, &error), ERR_OK);
    script_free(script);
    node_free(node);
}

/* How many questions it holds. */
static unsigned read_step(struct span body)
{
    struct codec codec = codec_reader(body);
    struct now last = {0}, now;
    struct event event;
    struct event_room room = {0};
    unsigned questions = 0;
    bool another;
    step_code_now(&codec, &last, &now);
    event_code(&codec, &event, &room);
    for (code_bool(&codec, &another); another && !codec.err; code_bool(&codec, &another)) {
        struct step_answer answer = {0};
        step_code_answer(&codec, &answer);
        void *verdict = calloc(1, schema_hooks[answer.hook].verdict.size);
        if (!answer.err)
            decision_code_verdict(&codec, answer.hook, verdict);
        free(verdict);
        questions++;
    }
    assert_int_equal(codec.err, ERR_OK);
    json_t *actions = actions_json(codec.in);
    assert_non_null(actions);
    json_decref(actions);
    event_room_free(&room);
    return questions;
}

static void read_tags(struct span body)
{
    struct codec codec = codec_reader(body);
    struct tags_record record = {0};
    struct tags *tags;
    tags_record_code(&codec, &record);
    assert_int_equal(codec_end(&codec), ERR_OK);
    assert_int_equal(tags_parse(record.text, &tags, NULL), ERR_OK);
    tags_free(tags);
}

static struct span read_sample(void)
{
    FILE *file = fopen(SAMPLE, "rb");
    uint8_t *bytes = malloc(SAMPLE_MAX);
    assert_non_null(file);
    size_t n = fread(bytes, 1, SAMPLE_MAX, file);
    fclose(file);
    return span_of(bytes, n);
}

static void a_file_that_another_build_wrote_is_read(void **state)
{
    (void)state;
    struct span bytes = read_sample();
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    unsigned of[TRACE_TAGS + 1] = {0}, questions = 0;
    enum err err;
    assert_int_equal(trace_open(&reader, trace_source_of(bytes), &header), ERR_OK);
    assert_int_equal(header.format, TRACE_FORMAT);
    while (!(err = trace_next(&reader, &record))) {
        of[record.kind]++;
        if (record.kind == TRACE_SEGMENT)
            read_segment(record.body);
        else if (record.kind == TRACE_STEP)
            questions += read_step(record.body);
        else if (record.kind == TRACE_TAGS)
            read_tags(record.body);
    }
    trace_close(&reader);
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_true(of[TRACE_TAGS] == 1 && of[TRACE_END] == 1 && of[TRACE_SEGMENT] > 2);
    assert_true(of[TRACE_STEP] > 100 && questions > 20);
    free((void *)bytes.at);
}

/* ---- heads of files ---- */

static enum err open_text(const char *text, size_t n, struct trace_header *header)
{
    struct trace_reader reader;
    *header = (struct trace_header){0};
    enum err err = trace_open(&reader, trace_source_of(span_of(text, n)), header);
    trace_close(&reader);
    return err;
}

static void the_head_tells_the_format_and_who_wrote_it(void **state)
{
    (void)state;
    struct trace_header header;
    struct codec codec = codec_writer();
    trace_write_header(&codec, "1.2.3");
    assert_int_equal(open_text((char *)codec.out, codec.n, &header), ERR_OK);
    assert_int_equal(header.format, TRACE_FORMAT);
    assert_string_equal(header.version, "1.2.3");
    memcpy(codec.out, "luapex trace 9\n", 15); /* the rest of the head stays as it is */
    assert_int_equal(open_text((char *)codec.out, codec.n, &header), ERR_OK);
    assert_true(header.format == 9 && strcmp(header.version, "1.2.3") == 0);
    assert_int_equal(open_text((char *)codec.out, 30, &header), ERR_OK);
    assert_true(header.format == 9 && *header.version == 0);
    codec_free(&codec);
}

static void what_is_no_trace_is_told_from_a_damaged_one(void **state)
{
    (void)state;
    struct trace_header header;
    struct codec codec = codec_writer();
    trace_write_header(&codec, "a\x1b[31m");
    assert_int_equal(open_text((char *)codec.out, codec.n, &header), ERR_CORRUPT);
    for (size_t n = 0; n < codec.n; n++)
        assert_int_equal(open_text((char *)codec.out, n, &header),
            n < TRACE_MAGIC_SIZE ? ERR_INVALID : ERR_TRUNCATED);
    codec.out[TRACE_MAGIC_SIZE + TRACE_FRAME + 2] ^= 1;
    assert_int_equal(open_text((char *)codec.out, codec.n, &header), ERR_CORRUPT);
    assert_int_equal(open_text("luapex trace 0\n\0", 16, &header), ERR_INVALID);
    assert_int_equal(open_text("luapex trace 2x\n", 16, &header), ERR_INVALID);
    assert_int_equal(open_text("luapex trace -2\n", 16, &header), ERR_INVALID);
    codec_free(&codec);
}

/* ---- the window ---- */

static size_t length_of(unsigned i)
{
    static const size_t lengths[] = {1, 70000, 3, TRACE_WINDOW - TRACE_FRAME - 1, TRACE_WINDOW,
        2 * TRACE_WINDOW + 5, 40, 100000};
    return lengths[i % (sizeof lengths / sizeof *lengths)];
}

static void records_of_any_length_are_read_whole(void **state)
{
    (void)state;
    struct trace_reader reader;
    struct trace_header header;
    struct trace_record record;
    struct codec codec = codec_writer();
    uint8_t *body = malloc(3 * TRACE_WINDOW);
    trace_write_header(&codec, "test");
    for (unsigned i = 0; i < 20; i++) {
        memset(body, (int)i, length_of(i));
        size_t begun = trace_begin(&codec, TRACE_STEP);
        code_bytes(&codec, body, length_of(i));
        trace_end(&codec, begun);
    }
    assert_int_equal(trace_open(&reader, trace_source_of(codec_written(&codec)), &header), ERR_OK);
    for (unsigned i = 0; i < 20; i++) {
        memset(body, (int)i, length_of(i));
        assert_int_equal(trace_next(&reader, &record), ERR_OK);
        assert_int_equal(record.body.n, length_of(i));
        assert_memory_equal(record.body.at, body, record.body.n);
    }
    assert_int_equal(trace_next(&reader, &record), ERR_NOT_FOUND);
    assert_true(reader.window_cap < 3 * TRACE_WINDOW);
    trace_close(&reader);
    free(body);
    codec_free(&codec);
}

static enum err fail_to_read(void *context, uint64_t at, uint8_t *into, size_t n)
{
    (void)at, (void)into, (void)n;
    return *(enum err *)context;
}

static void what_a_source_says_is_passed_on(void **state)
{
    (void)state;
    enum err causes[] = {ERR_IO, ERR_NO_MEMORY};
    for (size_t i = 0; i < 2; i++) {
        const struct trace_source source = {fail_to_read, &causes[i], 1000};
        struct trace_reader reader;
        struct trace_header header;
        assert_int_equal(trace_open(&reader, source, &header), causes[i]);
        trace_close(&reader);
    }
}

static int write_sample(const char *path)
{
    struct tape tape;
    FILE *file = fopen(path, "wb");
    if (!file)
        return 1;
    record_sample(&tape);
    bool done = fwrite(tape.file.out, 1, tape.file.n, file) == tape.file.n;
    tape_free(&tape);
    return fclose(file) != 0 || !done;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_by_number_is_that_of_the_format),
        cmocka_unit_test(a_file_that_another_build_wrote_is_read),
        cmocka_unit_test(the_head_tells_the_format_and_who_wrote_it),
        cmocka_unit_test(what_is_no_trace_is_told_from_a_damaged_one),
        cmocka_unit_test(records_of_any_length_are_read_whole),
        cmocka_unit_test(what_a_source_says_is_passed_on),
    };
    if (argc == 3 && strcmp(argv[1], "write") == 0)
        return write_sample(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
