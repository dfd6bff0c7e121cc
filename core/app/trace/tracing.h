/* A node's trace as the settings [trace] ask for it: the recorder between its policy and whoever
 * asks, and the files. */
#ifndef APP_TRACING_H
#define APP_TRACING_H

#include "app/settings/settings.h"
#include "app/trace/trace_file.h"
#include "script/script.h"

/* All-zero: no trace. */
struct tracing {
    struct recorder *recorder;
    struct trace_file *file;
};

/* Without trace.file nothing happens. Borrows script, and tags (NULL: none) for the moment. ERR_IO
 * with a sentence in why (cap bytes); ERR_NO_MEMORY. */
enum err tracing_open(struct tracing *tracing, const struct settings *settings,
    struct script *script, const struct tags *tags, const struct log *log, char *why, size_t cap);
/* What the node, or the journal, is to ask: the recorder, or the policy itself. */
struct policy *tracing_policy(const struct tracing *tracing, struct policy *policy);
/* From the node's next step on. */
void tracing_start(struct tracing *tracing, struct node *node);
/* Before the node is freed. */
void tracing_close(struct tracing *tracing);

#endif
