/* Files of a trace, written on a thread of their own so that the loop never waits for a disk.
 *
 *     FILE  FILE.1  FILE.2 ...        the newest first, at most files_max, mode 0600
 *
 * What is handed over is queued, at most TRACE_QUEUE_MAX bytes and one segment, which may be long
 * all by itself. When the queue is full or the disk fails, nothing more is taken: the file ends
 * with a record that says why, as far as the disk lets it. */
#ifndef APP_TRACE_FILE_H
#define APP_TRACE_FILE_H

#include "trace/recorder.h"

#define TRACE_QUEUE_MAX (64u << 20)
#define TRACE_PATH_EXTRA 12 /* of ".12" behind FILE */

struct trace_file;

/* What is there from an earlier run moves on to FILE.1. Copies path. ERR_IO (*why, of cap bytes,
 * names file and cause), ERR_NO_MEMORY. */
enum err trace_file_open(
    const char *path, uint32_t files_max, struct trace_file **file, char *why, size_t cap);
struct trace_sink trace_file_sink(struct trace_file *file);
/* Waits until what was taken is written and every segment is released. NULL is fine. */
void trace_file_close(struct trace_file *file);

#endif
