/* The tags of a node at the head of its trace. */
#include "trace/tags_code.h"

#include "trace/format.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define TEXT                                                                                       \
    "# allocations\n"                                                                              \
    "2001:67c::/32 AS64501\n"                                                                      \
    "10.1.2.3 host\n"                                                                              \
    "10.0.0.0/8   ten # all of it\n"                                                               \
    "::/0 six\n"                                                                                   \
    "0.0.0.0/0 four\n"

static struct tags *parsed(struct span text)
{
    struct tags *tags = NULL;
    assert_int_equal(tags_parse(text, &tags, NULL), ERR_OK);
    return tags;
}

/* The record, which borrows from the codec. */
static struct tags_record written(struct codec *codec, const struct tags *tags, size_t text_max)
{
    struct tags_record record = {0};
    tags_write(codec, tags, text_max);
    struct codec reader =
        codec_reader(span_of(codec->out + TRACE_FRAME + 1, codec->n - TRACE_FRAME - 1));
    tags_record_code(&reader, &record);
    assert_int_equal(codec_end(&reader), ERR_OK);
    return record;
}

static void tags_come_back_as_they_were(void **state)
{
    (void)state;
    struct codec codec = codec_writer();
    struct tags *tags = parsed(span_of_text(TEXT));
    struct tags_record record = written(&codec, tags, SIZE_MAX);
    struct tags *again = parsed(record.text);
    assert_true(record.is_whole && record.count == 5);
    assert_int_equal(tags_count(again), 5);
    assert_true(record.digest == tags_digest(tags) && record.digest == tags_digest(again));
    for (size_t i = 0; i < tags_count(tags); i++) {
        struct cidr one, other;
        assert_string_equal(tags_at(tags, i, &one), tags_at(again, i, &other));
        assert_true(ip_equal(&one.ip, &other.ip) && one.bits == other.bits);
    }
    tags_free(tags);
    tags_free(again);
    codec_free(&codec);
}

static void too_many_are_told_by_their_digest_only(void **state)
{
    (void)state;
    struct codec codec = codec_writer();
    struct tags *tags = parsed(span_of_text(TEXT));
    size_t n = written(&codec, tags, SIZE_MAX).text.n;
    codec_reset(&codec);
    assert_int_equal(written(&codec, tags, n).text.n, n);
    codec_reset(&codec);
    struct tags_record record = written(&codec, tags, n - 1);
    assert_true(!record.is_whole && record.text.n == 0 && record.count == 5);
    assert_true(record.digest == tags_digest(tags));
    tags_free(tags);
    codec_free(&codec);
}

static void other_tags_have_another_digest(void **state)
{
    (void)state;
    struct tags *tags = parsed(span_of_text("10.0.0.0/8 a\n11.0.0.0/8 b\n"));
    struct tags *same = parsed(span_of_text("11.0.0.0/8\tb\n10.0.0.0/8 a # first"));
    struct tags *range = parsed(span_of_text("10.0.0.0/9 a\n11.0.0.0/8 b\n"));
    struct tags *tag = parsed(span_of_text("10.0.0.0/8 b\n11.0.0.0/8 a\n"));
    assert_true(tags_digest(tags) == tags_digest(same));
    assert_true(tags_digest(tags) != tags_digest(range));
    assert_true(tags_digest(tags) != tags_digest(tag));
    assert_true(tags_digest(tags) != tags_digest(NULL));
    tags_free(tags);
    tags_free(same);
    tags_free(range);
    tags_free(tag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_come_back_as_they_were),
        cmocka_unit_test(too_many_are_told_by_their_digest_only),
        cmocka_unit_test(other_tags_have_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
