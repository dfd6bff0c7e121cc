/* How a trace lies in its file.
 *
 *     "luapex trace FORMAT\n" and zeros (16 bytes)  record  record ...
 *     record:  length (4, little endian)  check (4)  kind (1)  body (length - 1)
 *
 * length counts kind and body; check is the low half of their digest. The first record of a file is
 * the header, then come segments:
 *
 *   HEADER   version of the writer
 *   TAGS     what names the node had for ranges of addresses (tags_code.h); missing if none
 *   SEGMENT  the node, its policy and the time, whole: replay may begin here
 *   STEP     one event, the questions it led to with their answers, the actions
 *   END      why nothing more follows; missing if the writer was killed
 *
 * Bodies are written through base/codec.h. FORMAT is raised, once from release to release, with a
 * change of what they are made of: a field of a node, a book, a ban or a policy that a snapshot
 * holds; an event, an action or a field of a verdict; a hook or an error code, as both are written
 * by number. What may change without: views, which are not written; ranges that grow; names, texts
 * and all behaviour. A file of each format that can be read lies in tests/vectors/trace, and a test
 * reads it.
 */
#ifndef TRACE_FORMAT_H
#define TRACE_FORMAT_H

#include "base/codec.h"
#include "base/now.h"

#define TRACE_FORMAT 2
#define TRACE_RECORD_MAX (256u << 20) /* bytes of one, its frame apart */
#define TRACE_MAGIC_SIZE 16
#define TRACE_FRAME 8 /* length and check */
#define TRACE_TEXT_MAX 255

enum trace_kind { TRACE_HEADER = 1, TRACE_SEGMENT, TRACE_STEP, TRACE_END, TRACE_TAGS };

/* Appends a record: begin, write the body to the codec, end. */
size_t trace_begin(struct codec *codec, enum trace_kind kind);
void trace_end(struct codec *codec, size_t begun);

struct trace_header {
    uint32_t format;
    char version[TRACE_TEXT_MAX + 1];
};
/* Magic and header of this program. */
void trace_write_header(struct codec *codec, const char *version);
/* An END record. */
void trace_write_end(struct codec *codec, const char *why);

/* Of a segment, before the bytes of node and policy. */
struct trace_segment {
    uint64_t number; /* from 1, over all files of a run */
    struct now now;
    uint32_t wants;   /* a bit for each hook that the policy wants to be asked */
    struct span node; /* borrowed */
    struct span policy;
};
void trace_code_segment(struct codec *codec, struct trace_segment *segment);

/* Reading: a window moves over the trace, as long as the longest record or TRACE_WINDOW. */

#define TRACE_WINDOW (256u << 10)

struct trace_source {
    /* Reads n bytes at an offset. ERR_TRUNCATED: there are not so many any more; ERR_IO. */
    enum err (*read)(void *context, uint64_t at, uint8_t *into, size_t n);
    void *context;
    uint64_t size;
};
/* Borrows bytes. */
struct trace_source trace_source_of(struct span bytes);

struct trace_reader {
    struct trace_source source;
    uint8_t *window; /* what lies from window_at on: window_n of window_cap bytes */
    uint64_t window_at;
    size_t window_n, window_cap;
    uint64_t at; /* offset of the record that was read last */
    uint64_t next;
};

struct trace_record {
    enum trace_kind kind;
    struct span body; /* valid until the next one is read */
};

/* Checks magic and header. ERR_INVALID: no trace; ERR_TRUNCATED; ERR_CORRUPT. *header may tell of
 * another format, which is for the caller to refuse, and who wrote it, as far as can be read.
 * ERR_NO_MEMORY, ERR_IO. */
enum err trace_open(
    struct trace_reader *reader, struct trace_source source, struct trace_header *header);
/* Frees the window, however trace_open ended. */
void trace_close(struct trace_reader *reader);
/* ERR_NOT_FOUND: the trace is over. ERR_TRUNCATED: its last record is not whole. ERR_CORRUPT,
 * ERR_NO_MEMORY, ERR_IO. */
enum err trace_next(struct trace_reader *reader, struct trace_record *record);

#endif
