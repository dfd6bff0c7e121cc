/* Entries of a book as a table for people, as JSON, or as CSV. */
#ifndef APP_BOOK_ROWS_H
#define APP_BOOK_ROWS_H

#include "app/cli/flags.h"
#include "book/book.h"

enum book_form { BOOK_FORM_TABLE, BOOK_FORM_JSON, BOOK_FORM_CSV };

#define FLAGS_BOOK_FORM                                                                            \
    {"json", NULL, "Print one JSON object for each address, a line each."},                        \
    {                                                                                              \
        "csv", NULL, "Print comma-separated values with a header."                                 \
    }

/* False: misuse, which was told to the user. */
bool book_form_read(const struct flags *flags, enum book_form *form);

/* To standard output. Times in JSON and CSV are RFC 3339, null or empty for never. */
void book_rows_write(const struct book *book, struct now now,
    const struct book_entry *const *entries, size_t n, enum book_form form);

/* When source i named the entry first: i < entry->sources_n. */
int64_t book_rows_heard_ms(const struct book *book, const struct book_entry *entry, unsigned i);

#define AGE_TEXT_MAX 24
/* How long ago, in its largest unit: "12s", "3m", "5h", "2d"; "-" for never. */
char *age_text(int64_t then_ms, struct now now, char out[AGE_TEXT_MAX]);

#endif
