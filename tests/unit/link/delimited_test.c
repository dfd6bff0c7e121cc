/* Delimited messages in any split (wire.md 0.2) and the memory that holds their parts. */
#include "link/delimited.h"

#include "base/varint.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BODY_MAX 300

static struct buffer *held;

static int teardown(void **state)
{
    (void)state;
    buffer_free(&held);
    return 0;
}

static enum err take(const char *bytes, size_t n, struct span *rest, struct span *body)
{
    *rest = span_of(bytes, n);
    return delimited_take(&held, rest, BODY_MAX, body);
}

static void whole_message_is_not_copied(void **state)
{
    (void)state;
    const char bytes[] = "\x03"
                         "abcdef";
    struct span rest, body;
    assert_int_equal(take(bytes, 7, &rest, &body), ERR_OK);
    assert_ptr_equal(body.at, bytes + 1);
    assert_int_equal(body.n, 3);
    assert_int_equal(rest.n, 3);
    assert_null(held);
}

static void empty_body_is_a_message(void **state)
{
    (void)state;
    struct span rest, body = span_of("x", 1);
    assert_int_equal(take("\0z", 2, &rest, &body), ERR_OK);
    assert_int_equal(body.n, 0);
    assert_int_equal(rest.n, 1);
}

static void non_minimal_length_is_accepted(void **state)
{
    (void)state;
    struct span rest, body;
    assert_int_equal(take("\x82\x80\x00yes", 6, &rest, &body), ERR_OK);
    assert_memory_equal(body.at, "ye", 2);
    assert_int_equal(rest.n, 1);
}

static void message_comes_together_at_every_split(void **state)
{
    (void)state;
    uint8_t message[2 + BODY_MAX + 1] = {0};
    size_t prefix_n = varint_put(message, BODY_MAX);
    for (size_t i = 0; i < BODY_MAX; i++)
        message[prefix_n + i] = (uint8_t)(i * 7);
    for (size_t cut = 1; cut < prefix_n + BODY_MAX; cut++) {
        struct span rest = span_of(message, cut), body;
        assert_int_equal(delimited_take(&held, &rest, BODY_MAX, &body), ERR_TRUNCATED);
        assert_int_equal(rest.n, 0);
        rest = span_of(message + cut, sizeof message - cut);
        assert_int_equal(delimited_take(&held, &rest, BODY_MAX, &body), ERR_OK);
        assert_int_equal(rest.n, 1);
        assert_true(span_equal(body, span_of(message + prefix_n, BODY_MAX)));
        buffer_free(&held);
    }
}

static void length_over_the_limit_fails_before_the_body(void **state)
{
    (void)state;
    struct span rest, body = {0};
    assert_int_equal(take("\xac", 1, &rest, &body), ERR_TRUNCATED);
    assert_int_equal(take("\x02zz", 3, &rest, &body), ERR_TRUNCATED); /* 300 */
    assert_int_equal(buffer_size(held), 4);
    buffer_free(&held);
    assert_int_equal(take("\xad\x02zz", 4, &rest, &body), ERR_TOO_LONG); /* 301 */
    assert_true(buffer_size(held) <= 2);
    assert_null(body.at);
}

static void malformed_length_is_refused_in_one_piece_or_many(void **state)
{
    (void)state;
    const char bytes[] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x02";
    struct span rest, body;
    assert_int_equal(take(bytes, 10, &rest, &body), ERR_VARINT);
    buffer_free(&held);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(take(bytes + i, 1, &rest, &body), ERR_TRUNCATED);
    assert_int_equal(take(bytes + 9, 1, &rest, &body), ERR_VARINT);
}

static void memory_follows_the_bytes_not_the_announcement(void **state)
{
    (void)state;
    struct span in = span_of("\xff\xff\xff\x07zz", 6), body;
    assert_int_equal(delimited_take(&held, &in, 0xffffff, &body), ERR_TRUNCATED);
    assert_true(buffer_memory(held) < 256);
}

static void buffer_never_grows_past_its_maximum(void **state)
{
    (void)state;
    uint8_t bytes[1000] = {0};
    assert_int_equal(buffer_append(&held, span_of(bytes, 600), 1000), ERR_OK);
    assert_int_equal(buffer_append(&held, span_of(bytes, 400), 1000), ERR_OK);
    assert_int_equal(buffer_memory(held), sizeof *held + 1000);
    buffer_drop(&held, 999);
    assert_int_equal(buffer_size(held), 1);
    buffer_drop(&held, 1);
    assert_null(held);
}

#define CASE(f) cmocka_unit_test_teardown(f, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whole_message_is_not_copied),
        CASE(empty_body_is_a_message),
        CASE(non_minimal_length_is_accepted),
        CASE(message_comes_together_at_every_split),
        CASE(length_over_the_limit_fails_before_the_body),
        CASE(malformed_length_is_refused_in_one_piece_or_many),
        CASE(memory_follows_the_bytes_not_the_announcement),
        CASE(buffer_never_grows_past_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
