/* A text that grows at its end. What cannot be added for want of memory is left out, with all that
 * comes after it, and text_take tells so: callers add as if nothing could go wrong.
 *
 * All-zero is the empty text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/err.h"
#include "base/span.h"

struct text {
    char *at; /* heap; NULL while it is empty */
    size_t n, cap;
    bool has_failed;
};

void text_add(struct text *text, const char *bytes, size_t n);
void text_add_text(struct text *text, const char *added);
void text_add_char(struct text *text, char added);
void text_add_count(struct text *text, uint64_t value); /* in decimal */

/* Gives up what was added as heap text, with a terminator behind its *n bytes (NULL: not wanted);
 * the text is empty then. ERR_NO_MEMORY: something was left out; it is empty then too. */
enum err text_take(struct text *text, char **at, size_t *n);
/* Keeps its memory, and what it is to tell. */
void text_clear(struct text *text);
void text_free(struct text *text);

/* Bytes of the printable character that `text` begins with: ASCII from ' ' to '~', or valid UTF-8
 * above U+009F. 0: there is none. */
size_t text_printable(struct span text);
/* Replaces every byte that is no part of a printable character by '?'. */
void text_make_printable(char *text, size_t n);
/* The same of all that is not printable ASCII. */
void text_make_ascii(char *text);

#define TEXT_DURATION_MAX 32
/* The two largest units, as people say it: "1h59m", "90d", "0s". ms is not negative. */
char *text_duration(int64_t ms, char out[TEXT_DURATION_MAX]);

#endif
