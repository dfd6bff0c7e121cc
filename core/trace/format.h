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

/* Reading */

struct trace_reader {
    struct span rest;
    uint64_t at; /* offset of the record that was read last */
    uint64_t next;
};

struct trace_record {
    enum trace_kind kind;
    struct span body; /* borrowed from the trace */
};

/* Checks magic and header. ERR_INVALID: no trace; ERR_TRUNCATED; ERR_CORRUPT. *header may tell of
 * another format, which is for the caller to refuse, and who wrote it, as far as can be read. */
enum err trace_open(struct trace_reader *reader, struct span bytes, struct trace_header *header);
/* ERR_NOT_FOUND: the trace is over. ERR_TRUNCATED: its last record is not whole. ERR_CORRUPT. */
enum err trace_next(struct trace_reader *reader, struct trace_record *record);

#endif
