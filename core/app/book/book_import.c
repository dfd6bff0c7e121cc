#include "app/book/book_home.h"
#include "app/book/book_report.h"
#include "app/cli/commands.h"
#include "ops/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct flag import_flags[] = {
    FLAG_HOME,
    {"replace", NULL, "Import though there is a book with addresses; it is kept beside."},
};
static const struct flag merge_flags[] = {FLAG_HOME};

typedef enum err (*reader)(
    struct book *book, struct now now, struct span json, struct book_load_report *report);

/* Reads FILE into the home's book, as `read` does, and tells what became of it. */
static enum err take_file(struct book_home *home, const char *path, reader read)
{
    struct file_text file;
    struct book_load_report report = {0};
    enum err err = book_home_read_file(home, path, &file);
    if (err)
        return err;
    err = read(home->book, home->now, span_of(file.text, file.n), &report);
    free(file.text);
    if (err == ERR_CORRUPT)
        snprintf(home->why, sizeof home->why, "%s:%u: %s; nothing was changed", path, report.line,
            report.cause);
    else if (err)
        snprintf(home->why, sizeof home->why, "%s: %s", path, err_text(err));
    else
        book_report_write(path, &report);
    return err;
}

/* The way of a command that changes a stopped node's book. */
static int change(const struct flags *flags,
    enum err (*step)(struct book_home *home, const struct flags *flags, const char *path))
{
    if (flags->arguments_n == 0)
        return flags_misuse(flags->command, "which file? Give an addrbook.json");
    struct book_home home;
    enum err err = book_home_open(flags, BOOK_HOME_WRITE, &home);
    if (err == ERR_CORRUPT && flags_has(flags, "replace"))
        err = ERR_OK;
    if (!err)
        err = step(&home, flags, flags->arguments[0]);
    if (!err)
        err = book_home_save(&home);
    if (!err)
        printf("%s: %u addresses now\n", home.settings.home, book_count(home.book));
    else
        book_home_fail(&home);
    book_home_close(&home);
    return err ? EXIT_FAILED : EXIT_OK;
}

/* ---- import ---- */

static enum err import_step(struct book_home *home, const struct flags *flags, const char *path)
{
    uint32_t n = book_count(home->book);
    if (n > 0 && !flags_has(flags, "replace")) {
        snprintf(home->why, sizeof home->why,
            "%s holds %u addresses; add those of the file with luapex book merge, or give "
            "--replace",
            home->file, n);
        return ERR_FULL;
    }
    struct book *old = home->book;
    enum err err = book_home_new(home, &home->book);
    if (err) {
        home->book = old;
        return err;
    }
    err = take_file(home, path, book_load);
    if (!err && (n > 0 || home->store_is_damaged || home->image_is_damaged))
        err = book_home_set_aside(home, old);
    book_free(old);
    return err;
}

static int book_import(const struct flags *flags)
{
    return change(flags, import_step);
}

const struct command command_book_import = {
    .name = "book import",
    .arguments = "FILE",
    .arguments_max = 1,
    .summary = "give a stopped node an address book",
    .about =
        "Takes an addrbook.json of Tendermint, CometBFT or luapex as this node's own: addresses\n"
        "with their marks, bans, and the key that places them. What does not hold (malformed, not\n"
        "routable, twice in the file) is left out and counted. The node must not run.\n",
    .flags = import_flags,
    .flags_n = sizeof import_flags / sizeof *import_flags,
    .run = book_import,
};

/* ---- merge ---- */

static enum err merge_step(struct book_home *home, const struct flags *flags, const char *path)
{
    (void)flags;
    return take_file(home, path, book_merge);
}

static int merge(const struct flags *flags)
{
    return change(flags, merge_step);
}

const struct command command_book_merge = {
    .name = "book merge",
    .arguments = "FILE",
    .arguments_max = 1,
    .summary = "add somebody's addresses to a stopped node's book",
    .about =
        "Takes the addresses of an addrbook.json as hearsay: those unknown so far become new ones\n"
        "with fresh counters, those known stay as they are; marks and bans of the file do not\n"
        "count. The node must not run.\n",
    .flags = merge_flags,
    .flags_n = sizeof merge_flags / sizeof *merge_flags,
    .run = merge,
};
