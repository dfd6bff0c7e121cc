#include "base/codec.h"

#include "base/now.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct sample {
    bool flag;
    uint8_t small;
    uint16_t port;
    uint32_t count;
    uint64_t big;
    int32_t round_trip;
    int64_t signed_number, time_ms, never_ms;
    size_t size;
    float part;
    double share;
    enum err err;
    char text[8];
    uint8_t bytes[3];
    struct span span;
};

static void code_sample(struct codec *codec, struct sample *sample)
{
    code_bool(codec, &sample->flag);
    code_u8(codec, &sample->small);
    code_u16(codec, &sample->port);
    code_u32(codec, &sample->count);
    code_u64(codec, &sample->big);
    code_i32(codec, &sample->round_trip);
    code_i64(codec, &sample->signed_number);
    code_time(codec, &sample->time_ms);
    code_time(codec, &sample->never_ms);
    code_size(codec, &sample->size);
    code_float(codec, &sample->part);
    code_double(codec, &sample->share);
    code_enum(codec, &sample->err, ERR_COUNT);
    code_text(codec, sample->text, sizeof sample->text);
    code_bytes(codec, sample->bytes, sizeof sample->bytes);
    code_span(codec, &sample->span, 10);
}

static const struct sample example = {
    .flag = true,
    .small = 255,
    .port = 65535,
    .count = UINT32_MAX,
    .big = UINT64_MAX,
    .round_trip = -1,
    .signed_number = INT64_MIN,
    .time_ms = 1700000000000,
    .never_ms = NEVER_MS,
    .size = 77,
    .part = 0.5f,
    .share = -1e300,
    .err = ERR_SCRIPT,
    .text = "seven77",
    .bytes = {1, 0, 2},
};

static struct codec written_example(void)
{
    struct codec codec = codec_writer();
    struct sample sample = example;
    sample.span = span_of_text("span");
    code_sample(&codec, &sample);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

static void reads_back_what_it_wrote(void **state)
{
    (void)state;
    struct codec writer = written_example(), reader = codec_reader(codec_written(&writer));
    struct sample got = {0};
    code_sample(&reader, &got);
    assert_int_equal(codec_end(&reader), ERR_OK);
    assert_true(span_equal(got.span, span_of_text("span")));
    assert_true(got.flag && got.small == 255 && got.port == 65535 && got.size == 77);
    assert_true(got.count == UINT32_MAX && got.big == UINT64_MAX && got.round_trip == -1);
    assert_true(got.signed_number == INT64_MIN && got.time_ms == 1700000000000);
    assert_true(got.never_ms == NEVER_MS && got.part == 0.5f && got.share == -1e300);
    assert_true(got.err == ERR_SCRIPT);
    assert_string_equal(got.text, "seven77");
    assert_memory_equal(got.bytes, example.bytes, 3);
    codec_free(&writer);
}

static void refuses_every_cut(void **state)
{
    (void)state;
    struct codec writer = written_example();
    struct span bytes = codec_written(&writer);
    for (size_t n = 0; n < bytes.n; n++) {
        struct codec reader = codec_reader(span_of(bytes.at, n));
        struct sample got = {0};
        code_sample(&reader, &got);
        assert_int_equal(codec_end(&reader), ERR_CORRUPT);
        assert_int_equal(got.span.n, 0);
    }
    codec_free(&writer);
}

static void refuses_what_is_left_over(void **state)
{
    (void)state;
    struct codec reader = codec_reader(span_of("\1\2", 2));
    uint8_t got;
    code_u8(&reader, &got);
    assert_int_equal(reader.err, ERR_OK);
    assert_int_equal(codec_end(&reader), ERR_CORRUPT);
}

static void after_an_error_values_are_zero(void **state)
{
    (void)state;
    struct codec reader = codec_reader(span_of("\5\5\5\5", 4));
    uint32_t below = 9;
    int64_t time_ms = 9;
    uint8_t bytes[1] = {9};
    code_below(&reader, &below, 5);
    code_time(&reader, &time_ms);
    code_bytes(&reader, bytes, 1);
    assert_int_equal(reader.err, ERR_CORRUPT);
    assert_true(below == 0 && time_ms == 0 && bytes[0] == 0);
    assert_int_equal(code_count(&reader, 0, 10), 0);
}

static void refuses_values_out_of_range(void **state)
{
    (void)state;
    struct codec reader = codec_reader(span_of("\2", 1));
    bool flag;
    code_bool(&reader, &flag);
    assert_int_equal(reader.err, ERR_CORRUPT);
    reader = codec_reader(span_of("\200\2", 2)); /* 256 */
    uint8_t small;
    code_u8(&reader, &small);
    assert_int_equal(reader.err, ERR_CORRUPT);
    reader = codec_reader(span_of("\13", 1));
    assert_int_equal(code_count(&reader, 0, 10), 0);
    assert_int_equal(reader.err, ERR_CORRUPT);
    char text[4];
    reader = codec_reader(span_of("\3a\0b", 4)); /* a NUL inside */
    code_text(&reader, text, sizeof text);
    assert_int_equal(reader.err, ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_it_wrote),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_what_is_left_over),
        cmocka_unit_test(after_an_error_values_are_zero),
        cmocka_unit_test(refuses_values_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
