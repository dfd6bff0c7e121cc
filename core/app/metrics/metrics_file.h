/* The metrics of the nodes of this process, in a file. */
#ifndef APP_METRICS_FILE_H
#define APP_METRICS_FILE_H

#include "app/run/member.h"

#define METRICS_FILE "data/metrics.prom"

/* Writes those of all that run to METRICS_FILE in the first home, all at once: readers see the old
 * or the new text. The log tells. */
void metrics_file_write(const struct member *members, size_t n, const struct log *log);

#endif
