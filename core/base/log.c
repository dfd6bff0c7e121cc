#include "base/log.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"debug", "info", "error", "none"};

void log_line_write(const struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, unsigned fields_n)
{
    assert(fields_n <= LOG_FIELDS_MAX);
    struct log_line line = {.level = level, .event = event};
    for (unsigned i = 1; i <= fields_n; i++)
        if (fields[i].key)
            line.fields[line.fields_n++] = fields[i];
    log->write(log->context, &line);
}

/* A bounded text under construction; `n` never exceeds cap - 1. */
struct out {
    char *at;
    unsigned n, cap;
};

static void put(struct out *out, const char *text, size_t n)
{
    size_t room = out->cap - 1 - out->n;
    if (n > room)
        n = room;
    memcpy(out->at + out->n, text, n);
    out->n += (unsigned)n;
}

static void put_text(struct out *out, const char *text)
{
    put(out, text, strlen(text));
}

static void put_number(struct out *out, int64_t number)
{
    char text[24];
    put(out, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)number));
}

static void put_time(struct out *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[40];
    gmtime_r(&seconds, &utc);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(text + n, sizeof text - n, ".%03dZ", (int)(wall_ms % 1000));
    put(out, text, n);
}

static void put_escaped(struct out *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + strlen(text);
    while (at < end) {
        size_t n = text_printable(span_of(at, (size_t)(end - at)));
        if (*at == '"' || *at == '\\') {
            char pair[2] = {'\\', (char)*at};
            put(out, pair, 2);
            n = 1;
        } else if (n > 0) {
            put(out, (const char *)at, n);
        } else {
            char code[8];
            put(out, code, (size_t)snprintf(code, sizeof code, "\\u%04x", *at));
            n = 1;
        }
        at += n;
    }
}

static void put_quoted(struct out *out, const char *text)
{
    put_text(out, "\"");
    put_escaped(out, text);
    put_text(out, "\"");
}

static bool is_plain_word(const char *text)
{
    if (!*text)
        return false;
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        if (*at <= ' ' || *at >= 0x7f || *at == '"' || *at == '=' || *at == '\\')
            return false;
    return true;
}

unsigned log_line_logfmt(const struct log_line *line, int64_t wall_ms, char *buffer, unsigned cap)
{
    struct out out = {buffer, 0, cap};
    put_text(&out, "time=");
    put_time(&out, wall_ms);
    put_text(&out, " level=");
    put_text(&out, level_names[line->level]);
    put_text(&out, " event=");
    put_quoted(&out, line->event);
    for (unsigned i = 0; i < line->fields_n; i++) {
        const struct log_field *field = &line->fields[i];
        put_text(&out, " ");
        put_text(&out, field->key);
        put_text(&out, "=");
        if (!field->text)
            put_number(&out, field->number);
        else if (is_plain_word(field->text))
            put_text(&out, field->text);
        else
            put_quoted(&out, field->text);
    }
    buffer[out.n] = 0;
    return out.n;
}

unsigned log_line_json(const struct log_line *line, int64_t wall_ms, char *buffer, unsigned cap)
{
    struct out out = {buffer, 0, cap};
    put_text(&out, "{\"time\":\"");
    put_time(&out, wall_ms);
    put_text(&out, "\",\"level\":\"");
    put_text(&out, level_names[line->level]);
    put_text(&out, "\",\"event\":");
    put_quoted(&out, line->event);
    for (unsigned i = 0; i < line->fields_n; i++) {
        const struct log_field *field = &line->fields[i];
        put_text(&out, ",\"");
        put_text(&out, field->key);
        put_text(&out, "\":");
        if (field->text)
            put_quoted(&out, field->text);
        else
            put_number(&out, field->number);
    }
    put_text(&out, "}");
    buffer[out.n] = 0;
    return out.n;
}

bool log_level_parse(const char *text, enum log_level *level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}
