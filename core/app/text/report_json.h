/* Reports for programs: JSON, whatever the texts in it hold. */
#ifndef APP_REPORT_JSON_H
#define APP_REPORT_JSON_H

#include "base/text.h"

#include <jansson.h>
#include <stdint.h>

/* A new string; where text is not UTF-8, every byte beyond ASCII becomes '?'. "" stays "". */
json_t *report_text(const char *text);
/* The same, null for "" and NULL. */
json_t *report_text_or_null(const char *text);
/* Adds the string that report_text makes, quoted: for long lists, where a tree of them takes too
 * long. */
void report_add_text(struct text *out, const char *text);
/* Adds a number of seconds; ms is not negative. */
void report_add_seconds(struct text *out, int64_t ms);
/* As json_dumps does, each number with the fewest digits that read back the same. Heap; NULL: out
 * of memory. */
char *report_line(const json_t *json, size_t flags);
/* Prints json in one line and releases it. */
void report_print(json_t *json);

#endif
