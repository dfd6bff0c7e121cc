/* What `replay` and `policy diff` read: a trace file, and policies that answer as they did. */
#ifndef APP_TRACE_INPUT_H
#define APP_TRACE_INPUT_H

#include "addr/tags.h"
#include "app/cli/commands.h"
#include "script/script.h"
#include "trace/replay.h"

#define TRACE_CAUSE_MAX 1024

#define FLAG_TAGS                                                                                  \
    {                                                                                              \
        "tags", "FILE",                                                                            \
            "Other tags than those the node had ([policy] tags), which are in the trace."          \
    }

struct trace_input {
    struct trace_source source; /* of all bytes that the file had when it was opened */
    int fd;
};

/* Of the flag --tags; NULL: it is not given, so those of the trace count. False: it cannot be read,
 * which the user was told. */
bool trace_input_tags(const struct flags *flags, struct tags **tags);

/* False, with cause (TRACE_CAUSE_MAX bytes): it cannot be read. *input stays where it is. */
bool trace_input_open(const char *path, struct trace_input *input, char *cause);
void trace_input_close(struct trace_input *input);
/* Tells the user if --tags are not what the node had: decisions may differ for that alone. */
void trace_input_warn(const char *path, const struct replay_report *report);
/* What an error of replay_run means, as a sentence about path. */
void trace_input_explain(const char *path, enum err err, const struct trace_input *input,
    const struct replay_report *report, char *cause);

/* Limits as in a running node, but no clock: what time stopped then is stopped by the trace. */
struct script_settings trace_script_settings(void);
/* "FILE:LINE: what" of a policy that does not load. */
void trace_script_explain(const struct script_error *error, const char *path, char *cause);
/* Unix milliseconds as "2024-05-01T12:00:00.000Z". */
#define TRACE_TIME_TEXT 32
char *trace_time_text(int64_t wall_ms, char text[TRACE_TIME_TEXT]);

#endif
