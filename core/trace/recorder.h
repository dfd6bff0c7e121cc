/* Writes what a node goes through, so that replay can go through it again.
 *
 * Like the journal it stands between the node and its policy and observes the node's steps. The
 * trace is a chain of segments (format.h); a new one begins when the last one is old enough, when
 * the file is full and the next one begins, and when another policy answers. What it makes is
 * handed to a sink in pieces of whole records, at least every RECORDER_FLUSH_MS of the node's time
 * as long as the node steps; the sink writes on a thread of its own. For the beginning of a segment
 * the step waits only until the node is copied (opening.h): the sink's thread makes the record.
 *
 * When the sink takes no more, the recorder ends the trace and says so in the log; the node goes
 * on without. Nothing in a trace is secret but what placement in the book depends on (its key), and
 * whom the node knows.
 */
#ifndef TRACE_RECORDER_H
#define TRACE_RECORDER_H

#include "node/node.h"
#include "trace/opening.h"

#define RECORDER_FLUSH_MS 1000
#define RECORDER_FLUSH_BYTES (256u << 10)

/* Where bytes go. */
struct trace_sink {
    /* Takes bytes (heap, its own from now on), in order. NULL: taken; else why no more can be
     * taken (static text), the bytes freed. */
    const char *(*take)(void *context, uint8_t *bytes, size_t n);
    /* The same with what opening_write makes of it, when its turn has come; opening_release then,
     * or when it is not taken. */
    const char *(*take_opening)(void *context, struct opening *opening);
    /* What follows belongs to the next file. */
    void (*next_file)(void *context);
    /* Bytes of the file so far; a segment that is still to be written counts with its size. */
    uint64_t (*file_bytes)(void *context);
    void *context;
};

struct recorder_settings {
    int64_t segment_ms;      /* at most so long between two segments */
    uint64_t file_max;       /* bytes of one file */
    const char *version;     /* of this program */
    const struct tags *tags; /* that the node has; borrowed by recorder_new, NULL: none */
    struct trace_sink sink;
    /* Writes all that the policy's answers depend on from now on: opaque to the trace. Its err
     * stops it. */
    void (*save_policy)(void *context, struct now now, struct codec *codec);
    /* Another number after every change of that from outside questions: a load, a parameter. NULL:
     * there are none. */
    uint64_t (*policy_revision)(void *context);
    void *context;
    struct log log;
};

struct recorder;

/* Borrows what settings point to, and inner. NULL: out of memory. */
struct recorder *recorder_new(const struct recorder_settings *settings, struct policy *inner);
/* For node_new. */
struct policy *recorder_policy(struct recorder *recorder);
/* From the next step on. Observes the node, which must live until recorder_stop. */
void recorder_start(struct recorder *recorder, const struct node *node);
struct node_observer *recorder_observer(struct recorder *recorder);
/* Ends the trace with this reason (static text). Nothing happens if it has ended already. */
void recorder_stop(struct recorder *recorder, const char *why);
/* When it was stopped and the sink has released what it took. NULL is fine. */
void recorder_free(struct recorder *recorder);

struct recorder_counts {
    uint64_t segments, steps, decisions;
};
struct recorder_counts recorder_counts(const struct recorder *recorder);

#endif
