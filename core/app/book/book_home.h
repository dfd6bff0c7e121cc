/* The address book of a home, for the commands that look at it or change it: luapex.db, and
 * addrbook.json beside it where an operator put one that is not our last export (book_store.h).
 *
 * A running node's book may be read at any time: what it saved last is what is seen. To change one,
 * the home is locked, so that no node runs meanwhile (home_lock.h). */
#ifndef APP_BOOK_HOME_H
#define APP_BOOK_HOME_H

#include "app/cli/flags.h"
#include "app/home/home.h"
#include "book/image.h"
#include "uv/store_file.h"

enum book_home_access { BOOK_HOME_READ, BOOK_HOME_WRITE };

struct book_home {
    struct settings settings;
    char *image_path, *store_path; /* of addrbook.json and luapex.db */
    const char *file;              /* the one that the book was read from; NULL: neither is there */
    struct book *book;
    struct now now; /* when it was opened; mono_ms is 0 */
    int64_t saved_ms;
    struct book_load_report report; /* of `file` */
    struct book_load_report merged; /* of an addrbook.json that came on top; listed 0: none */
    bool store_is_damaged, image_is_damaged;
    struct store_file *store; /* to write; NULL: opened to read, or damaged */
    int lock;
    char why[2 * HOME_CAUSE_MAX]; /* what failed, for people */
};

/* Reads settings and book. Without either file ERR_NOT_FOUND to read, an empty book to write.
 * Of a damaged luapex.db what can be read is taken, with a warning; it moves aside when the book is
 * saved. ERR_FULL: to be written, but in use; ERR_CORRUPT: addrbook.json is damaged, or nothing of
 * luapex.db can be read; ERR_TOO_LONG, ERR_IO, ERR_NO_MEMORY; ERR_INVALID: settings that are wrong,
 * which were told already. `why` is a sentence otherwise. book_home_close is due in any case. */
enum err book_home_open(
    const struct flags *flags, enum book_home_access access, struct book_home *home);
void book_home_close(struct book_home *home);

/* An empty book under this home's settings. */
enum err book_home_new(struct book_home *home, struct book **book);
/* Reads somebody's addrbook.json whole; file_read's errors, told in `why`. */
struct file_text;
enum err book_home_read_file(struct book_home *home, const char *path, struct file_text *file);
/* Writes what changed in the book, and addrbook.json anew; told in `why`. */
enum err book_home_save(struct book_home *home);
/* Keeps the files of `old`, which the book of `home` is about to replace, beside them under other
 * names, and prints these; told in `why`. Afterwards book_home_save writes all of the new one. */
enum err book_home_set_aside(struct book_home *home, const struct book *old);

/* Prints `why` as an error; returns EXIT_FAILED. */
int book_home_fail(const struct book_home *home);

#endif
