#include "book/json.h"

#include "unit/book/kit.h"

static struct json json_from(const char *text)
{
    struct json json;
    struct json_fault fault;
    if (json_check(span_of_text(text), &json, &fault))
        fail_msg("'%s': line %u: %s", text, fault.line, fault.cause);
    return json;
}

static void json_check_accepts_any_value(void **state)
{
    (void)state;
    static const char *const cases[] = {"null", "true", "false", "0", "-0", "10", "-1.5e+3", "1E9",
        "0.1", "\"\"", "\"a\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\"", "\"\xff\xfe\"", "[]", "{}",
        " [ ] ", "[1]", "[1,2]", "[[],{}]", "{\"a\":1}", "{ \"a\" : { } , \"b\" : [ ] }\n",
        "{\"a\":{\"b\":[{\"c\":null}]}}", "[1] trailing", "{}x", "\"a\"\"b\""};
    for (size_t i = 0; i < COUNT(cases); i++)
        json_from(cases[i]);
}

static void json_check_refuses_with_line_and_cause(void **state)
{
    (void)state;
    static const struct {
        const char *text, *cause;
        uint32_t line;
    } cases[] = {
        {"", "unexpected end", 1},
        {"\n\n", "unexpected end", 3},
        {"[", "unexpected end", 1},
        {"[1", "unexpected end", 1},
        {"[1,", "unexpected end", 1},
        {"[1,]", "unexpected byte", 1},
        {"[,1]", "unexpected byte", 1},
        {"[1 2]", "expected ',' or the end of a list", 1},
        {"[1}", "expected ',' or the end of a list", 1},
        {"]", "unexpected byte", 1},
        {"}", "unexpected byte", 1},
        {"{", "expected a member's name", 1},
        {"{\"a\"", "expected ':' after a member's name", 1},
        {"{\"a\" 1}", "expected ':' after a member's name", 1},
        {"{\"a\":", "unexpected end", 1},
        {"{\"a\":1,}", "expected a member's name", 1},
        {"{a:1}", "expected a member's name", 1},
        {"{1:1}", "expected a member's name", 1},
        {"{\"a\":1\n\"b\":2}", "expected ',' or the end of a list", 2},
        {"nul", "unknown word", 1},
        {"truE", "unknown word", 1},
        {"fals", "unknown word", 1},
        {"nope", "unknown word", 1},
        {"01", "number with leading zero", 1},
        {"-01", "number with leading zero", 1},
        {"-", "malformed number", 1},
        {"1.", "malformed number", 1},
        {"1e", "malformed number", 1},
        {"1e+", "malformed number", 1},
        {".5", "unexpected byte", 1},
        {"+1", "unexpected byte", 1},
        {"NaN", "unexpected byte", 1},
        {"'a'", "unexpected byte", 1},
        {"\"a", "text without end", 1},
        {"\"a\\", "text without end", 1},
        {"\"a\nb\"", "control character in text", 2},
        {"\"\\x\"", "unknown escape in text", 1},
        {"\"\\u12\"", "malformed \\u escape in text", 1},
        {"\"\\u12", "malformed \\u escape in text", 1},
        {"//", "unexpected byte", 1},
        {"[\n1,\n2,\n oops]", "unexpected byte", 4},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json json;
        struct json_fault fault = {0};
        if (json_check(span_of_text(cases[i].text), &json, &fault) != ERR_CORRUPT)
            fail_msg("'%s' was accepted", cases[i].text);
        if (strcmp(fault.cause, cases[i].cause) != 0 || fault.line != cases[i].line)
            fail_msg("'%s': line %u: %s", cases[i].text, fault.line, fault.cause);
    }
    struct json json;
    struct json_fault fault;
    assert_int_equal(json_check(span_of("\0", 1), &json, &fault), ERR_CORRUPT);
    assert_int_equal(json_check(span_of(NULL, 0), &json, &fault), ERR_CORRUPT);
}

static void json_check_bounds_nesting(void **state)
{
    (void)state;
    char text[2 * JSON_DEPTH_MAX + 3];
    struct json json;
    struct json_fault fault;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    assert_int_equal(json_check(span_of(text, 2 * JSON_DEPTH_MAX), &json, &fault), ERR_OK);
    json_skip(&json);
    assert_ptr_equal(json.at, json.end);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    assert_int_equal(json_check(span_of(text, 2 * JSON_DEPTH_MAX + 2), &json, &fault), ERR_CORRUPT);
    assert_string_equal(fault.cause, "nested too deeply");
}

/* Every prefix of a valid text is refused or is itself a value; nothing is read beyond it. */
static void json_check_refuses_every_truncation(void **state)
{
    (void)state;
    const char *whole = "{\"a\": [1, -2.5e3, true, null, \"x\\u0041\\n\"], \"b\": {}}";
    size_t n = strlen(whole);
    for (size_t cut = 0; cut < n; cut++) {
        char *copy = malloc(cut + 1);
        struct json json;
        struct json_fault fault;
        memcpy(copy, whole, cut);
        assert_int_equal(json_check(span_of(copy, cut), &json, &fault), ERR_CORRUPT);
        free(copy);
    }
}

static void json_walks_objects_and_arrays(void **state)
{
    (void)state;
    struct json json = json_from("{\"one\": [1, 2, 3], \"skip\": {\"x\": [\"]}\\\"\"]}, \"\": 7 }");
    char name[8];
    int64_t value, sum = 0;
    assert_int_equal(json_kind(&json), JSON_OBJECT);
    assert_true(json_open(&json, JSON_OBJECT));
    assert_true(json_member(&json, name, sizeof name));
    assert_string_equal(name, "one");
    assert_true(json_open(&json, JSON_ARRAY));
    while (json_element(&json)) {
        assert_true(json_whole_number(&json, 0, 9, &value));
        sum += value;
    }
    assert_int_equal(sum, 6);
    assert_true(json_member(&json, name, sizeof name));
    assert_string_equal(name, "skip");
    json_skip(&json);
    assert_true(json_member(&json, name, sizeof name));
    assert_string_equal(name, "");
    assert_true(json_whole_number(&json, 0, 9, &value));
    assert_false(json_member(&json, name, sizeof name));
    assert_ptr_equal(json.at, json.end);
}

static void json_walks_empty_containers(void **state)
{
    (void)state;
    struct json json = json_from("[ { } , [ ] ]");
    char name[8];
    assert_true(json_open(&json, JSON_ARRAY));
    assert_true(json_element(&json));
    assert_true(json_open(&json, JSON_OBJECT));
    assert_false(json_member(&json, name, sizeof name));
    assert_true(json_element(&json));
    assert_true(json_open(&json, JSON_ARRAY));
    assert_false(json_element(&json));
    assert_false(json_element(&json));
    assert_ptr_equal(json.at, json.end);
}

static void json_skips_what_is_of_another_kind(void **state)
{
    (void)state;
    struct json json = json_from("[\"1\", 2, [3], {\"a\":4}, null, true, 5]");
    char text[8];
    size_t n;
    int64_t value;
    assert_true(json_open(&json, JSON_ARRAY));
    assert_true(json_element(&json));
    assert_false(json_whole_number(&json, 0, 9, &value));
    assert_true(json_element(&json));
    assert_false(json_text(&json, text, sizeof text, &n));
    assert_true(json_element(&json));
    assert_false(json_open(&json, JSON_OBJECT));
    assert_true(json_element(&json));
    assert_false(json_open(&json, JSON_ARRAY));
    assert_true(json_element(&json));
    assert_true(json_take_null(&json));
    assert_true(json_element(&json));
    assert_false(json_take_null(&json));
    assert_int_equal(json_kind(&json), JSON_BOOL);
    json_skip(&json);
    assert_true(json_element(&json));
    assert_true(json_whole_number(&json, 0, 9, &value));
    assert_int_equal(value, 5);
    assert_false(json_element(&json));
}

static void json_text_unescapes(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20aC\"", "A\xc3\xa9\xe2\x82\xac"},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud83dx\"", "\xef\xbf\xbdx"},
        {"\"\\ude00\"", "\xef\xbf\xbd"},
        {"\"\\ud83d\\u0041\"",
            "\xef\xbf\xbd"
            "A"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json json = json_from(cases[i].json);
        char text[32];
        size_t n;
        assert_true(json_text(&json, text, sizeof text, &n));
        assert_int_equal(n, strlen(cases[i].text));
        assert_memory_equal(text, cases[i].text, n);
    }
}

static void json_text_refuses_what_is_too_long(void **state)
{
    (void)state;
    char text[4];
    size_t n;
    struct json json = json_from("\"abcd\"");
    assert_true(json_text(&json, text, sizeof text, &n));
    json = json_from("\"abcde\"");
    assert_false(json_text(&json, text, sizeof text, &n));
    assert_ptr_equal(json.at, json.end);
    json = json_from("\"abc\\u00e9\"");
    assert_false(json_text(&json, text, sizeof text, &n));
}

static void json_integer_respects_its_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool good;
        int64_t value;
    } cases[] = {{"0", true, 0}, {"-0", true, 0}, {"100", true, 100}, {"-100", true, -100},
        {"101", false, 0}, {"-101", false, 0}, {"1.0", false, 0}, {"1e1", false, 0},
        {"9223372036854775807", false, 0}, {"99999999999999999999999", false, 0},
        {"18446744073709551617", false, 0}, {"\"5\"", false, 0}, {"null", false, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct json json = json_from(cases[i].json);
        int64_t value = 777;
        assert_int_equal(json_whole_number(&json, -100, 100, &value), cases[i].good);
        assert_int_equal(value, cases[i].good ? cases[i].value : 777);
        assert_ptr_equal(json.at, json.end);
    }
}

static void json_member_unescapes_and_cuts_names(void **state)
{
    (void)state;
    struct json json = json_from("{\"\\u0061ddr\": 1, \"far too long\": 2}");
    char name[6];
    assert_true(json_open(&json, JSON_OBJECT));
    assert_true(json_member(&json, name, sizeof name));
    assert_string_equal(name, "addr");
    json_skip(&json);
    assert_true(json_member(&json, name, sizeof name));
    assert_string_equal(name, "far t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_check_accepts_any_value),
        cmocka_unit_test(json_check_refuses_with_line_and_cause),
        cmocka_unit_test(json_check_bounds_nesting),
        cmocka_unit_test(json_check_refuses_every_truncation),
        cmocka_unit_test(json_walks_objects_and_arrays),
        cmocka_unit_test(json_walks_empty_containers),
        cmocka_unit_test(json_skips_what_is_of_another_kind),
        cmocka_unit_test(json_text_unescapes),
        cmocka_unit_test(json_text_refuses_what_is_too_long),
        cmocka_unit_test(json_integer_respects_its_bounds),
        cmocka_unit_test(json_member_unescapes_and_cuts_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
