/* Log lines as data: a level, an event, and named fields. The core builds them, the host writes
 * them as logfmt or JSON. Nothing secret is ever a field. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_ERROR, LOG_NONE };

#define LOG_FIELDS_MAX 9 /* one of them is a writer's own */
#define LOG_TEXT_MAX 512

struct log_field {
    const char *key;  /* NULL: it is left out */
    const char *text; /* NULL: `number` is the value */
    int64_t number;
};

struct log_line {
    enum log_level level;
    const char *event; /* static text, such as "peer added" */
    unsigned fields_n;
    struct log_field fields[LOG_FIELDS_MAX];
};

/* Where lines go. `write` copies what it keeps. Lines below `level` need not be built:
 * ask log_wants first where building costs something. Logs are copied freely; `shared_level` is one
 * that all copies follow when it changes. */
struct log {
    enum log_level level;
    const enum log_level *shared_level; /* NULL: `level` counts */
    void (*write)(void *context, const struct log_line *line);
    void *context;
};

#define LOG_TEXT(k, v) ((struct log_field){.key = (k), .text = (v)})
#define LOG_NUMBER(k, v) ((struct log_field){.key = (k), .number = (int64_t)(v)})
/* Left out where there is nothing to say: NULL and ""; 0. */
static inline struct log_field log_text_if_any(const char *key, const char *text)
{
    return LOG_TEXT(text && *text ? key : NULL, text);
}
static inline struct log_field log_number_if_any(const char *key, int64_t number)
{
    return LOG_NUMBER(number ? key : NULL, number);
}

static inline bool log_wants(const struct log *log, enum log_level level)
{
    return log->write && level >= (log->shared_level ? *log->shared_level : log->level);
}

/* log_write(log, LOG_INFO, "peer added", LOG_TEXT("peer", id), LOG_NUMBER("outbound", 3)) */
#define log_write(log, level_, ...)                                                                \
    do {                                                                                           \
        if (log_wants((log), (level_)))                                                            \
            log_line_write((log), (level_), LOG_ARGS(__VA_ARGS__));                                \
    } while (0)
#define LOG_ARGS(event_, ...)                                                                      \
    (event_), (const struct log_field[]){{0}, ##__VA_ARGS__},                                      \
        (unsigned)(sizeof((const struct log_field[]){{0}, ##__VA_ARGS__}) /                        \
            sizeof(struct log_field)) -                                                            \
        1

/* Used through log_write. fields[0] is unused. */
void log_line_write(const struct log *log, enum log_level level, const char *event,
    const struct log_field *fields, unsigned fields_n);

/* Prints one line, without newline, cut at cap - 1 bytes; returns its length.
 * logfmt: level=info event="peer added" peer=... ; JSON: {"level":"info","event":...}.
 * Control characters and invalid UTF-8 are escaped, so a peer cannot forge lines. */
unsigned log_line_logfmt(const struct log_line *line, int64_t wall_ms, char *out, unsigned cap);
unsigned log_line_json(const struct log_line *line, int64_t wall_ms, char *out, unsigned cap);

/* "debug", "info", "error", "none". */
bool log_level_parse(const char *text, enum log_level *level);

#endif
