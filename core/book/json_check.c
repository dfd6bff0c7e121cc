#include "book/json.h"

struct checker {
    const uint8_t *at, *end;
    const char *cause;
    unsigned depth;
    uint8_t closers[JSON_DEPTH_MAX]; /* the bracket that ends each open container */
};

static bool fail(struct checker *c, const char *cause)
{
    c->cause = cause;
    return false;
}

/* The next byte that is not blank, or 0 at the end. */
static uint8_t look(struct checker *c)
{
    c->at = json_after_blanks(c->at, c->end);
    return c->at < c->end ? *c->at : 0;
}

static bool check_escape(struct checker *c)
{
    if (c->at == c->end)
        return fail(c, "text without end");
    uint8_t kind = *c->at++;
    if (kind == 'u') {
        for (unsigned i = 0; i < 4; i++)
            if (c->at == c->end || json_hex_value(*c->at++) < 0)
                return fail(c, "malformed \\u escape in text");
        return true;
    }
    return kind != 0 && strchr("\"\\/bfnrt", kind) ? true : fail(c, "unknown escape in text");
}

static bool check_text(struct checker *c)
{
    for (c->at++; c->at < c->end;) {
        uint8_t byte = *c->at++;
        if (byte == '"')
            return true;
        if (byte < 0x20)
            return fail(c, "control character in text");
        if (byte == '\\' && !check_escape(c))
            return false;
    }
    return fail(c, "text without end");
}

static bool check_digits(struct checker *c)
{
    const uint8_t *from = c->at;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9')
        c->at++;
    return c->at > from ? true : fail(c, "malformed number");
}

static bool at_byte(const struct checker *c, char a, char b)
{
    return c->at < c->end && (*c->at == (uint8_t)a || *c->at == (uint8_t)b);
}

static bool check_number(struct checker *c)
{
    if (at_byte(c, '-', '-'))
        c->at++;
    const uint8_t *first = c->at;
    if (!check_digits(c))
        return false;
    if (*first == '0' && c->at > first + 1)
        return fail(c, "number with leading zero");
    if (at_byte(c, '.', '.')) {
        c->at++;
        if (!check_digits(c))
            return false;
    }
    if (at_byte(c, 'e', 'E')) {
        c->at++;
        if (at_byte(c, '+', '-'))
            c->at++;
        return check_digits(c);
    }
    return true;
}

static bool check_word(struct checker *c, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        return fail(c, "unknown word");
    c->at += n;
    return true;
}

static bool check_scalar(struct checker *c, uint8_t first)
{
    switch (first) {
    case '"':
        return check_text(c);
    case 't':
        return check_word(c, "true");
    case 'f':
        return check_word(c, "false");
    case 'n':
        return check_word(c, "null");
    case 0:
        return fail(c, c->at == c->end ? "unexpected end" : "unexpected byte");
    default:
        if (first == '-' || (first >= '0' && first <= '9'))
            return check_number(c);
        return fail(c, "unexpected byte");
    }
}

static bool check_name(struct checker *c)
{
    if (look(c) != '"')
        return fail(c, "expected a member's name");
    if (!check_text(c))
        return false;
    if (look(c) != ':')
        return fail(c, "expected ':' after a member's name");
    c->at++;
    return true;
}

static bool push(struct checker *c, uint8_t bracket)
{
    if (c->depth == JSON_DEPTH_MAX)
        return fail(c, "nested too deeply");
    c->closers[c->depth++] = bracket == '{' ? '}' : ']';
    c->at++;
    return true;
}

/* After a value: closes containers, and stops where the next value begins or the whole has ended.
 */
static bool check_after_value(struct checker *c)
{
    while (c->depth > 0) {
        uint8_t closer = c->closers[c->depth - 1], next = look(c);
        if (next == closer) {
            c->at++;
            c->depth--;
            continue;
        }
        if (next != ',')
            return fail(
                c, c->at == c->end ? "unexpected end" : "expected ',' or the end of a list");
        c->at++;
        return closer == '}' ? check_name(c) : true;
    }
    return true;
}

/* One value, or the opening of a container up to its first value. */
static bool check_step(struct checker *c)
{
    uint8_t first = look(c);
    if (first != '{' && first != '[')
        return check_scalar(c, first) && check_after_value(c);
    if (!push(c, first))
        return false;
    if (look(c) != c->closers[c->depth - 1])
        return first == '{' ? check_name(c) : true;
    return check_after_value(c);
}

enum err json_check(struct span text, struct json *json, struct json_fault *fault)
{
    struct checker c = {.at = text.at, .end = text.at + text.n};
    bool good;
    do
        good = check_step(&c);
    while (good && c.depth > 0);
    if (good) {
        *json = (struct json){text.at, c.at};
        return ERR_OK;
    }
    *fault = (struct json_fault){.line = 1, .cause = c.cause};
    for (const uint8_t *at = text.at; at < c.at; at++)
        fault->line += *at == '\n';
    return ERR_CORRUPT;
}
