/* Durations as Go writes them: "300ms", "1.5h", "2h45m", "0s". */
#ifndef APP_DURATION_H
#define APP_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_TEXT_MAX 40

/* Milliseconds, rounded away from zero, so that a duration above zero never becomes zero. Units:
 * ns, us, ms, s, m, h. False: *why (may be NULL) gets a static sentence. */
bool duration_parse(const char *text, int64_t *ms, const char **why);
/* The shortest form that duration_parse reads as ms: "1h30m", "250ms", "0s". ms must not be < 0. */
char *duration_text(int64_t ms, char out[DURATION_TEXT_MAX]);

#endif
