#include "app/book/book_filter.h"
#include "app/book/book_home.h"
#include "app/book/book_rows.h"
#include "app/cli/commands.h"
#include <stdio.h>
#include <stdlib.h>

static const struct flag own_flags[] = {
    FLAG_HOME,
    FLAGS_BOOK_FILTER,
    {"limit", "N", "At most N addresses; default: all."},
    FLAGS_BOOK_FORM,
};

struct show {
    struct book_filter filter;
    enum book_form form;
    int64_t limit;
};

/* The node may run with other flags than this command knows of. */
static void tell_left_out(const struct book_load_report *report)
{
    if (report->non_routable > 0)
        printf("%u more left out: not routable (p2p.addr_book_strict of config.toml)\n",
            report->non_routable);
    if (report->listed > report->kept + report->non_routable)
        puts("others left out: see luapex book check");
}

static void print(const struct book_home *home, const struct show *show,
    const struct book_entry *const *entries, size_t n)
{
    char age[AGE_TEXT_MAX];
    size_t shown = n < (uint64_t)show->limit ? n : (size_t)show->limit;
    book_rows_write(home->book, home->now, entries, shown, show->form);
    if (show->form != BOOK_FORM_TABLE)
        return;
    printf("\n%zu of %u addresses, saved %s ago\n", shown, book_count(home->book),
        age_text(home->saved_ms, home->now, age));
    tell_left_out(&home->report);
}

static int book_show(const struct flags *flags)
{
    struct show show = {.limit = INT64_MAX};
    if (!book_filter_read(flags, &show.filter) || !book_form_read(flags, &show.form) ||
        !flags_integer(flags, "limit", 1, INT64_MAX, &show.limit))
        return EXIT_MISUSE;
    struct book_home home;
    int code = EXIT_FAILED;
    size_t n;
    const struct book_entry **entries = NULL;
    if (book_home_open(flags, BOOK_HOME_READ, &home) == ERR_OK)
        entries = book_filter_list(&show.filter, home.book, home.now, SIZE_MAX, &n);
    if (entries) {
        print(&home, &show, entries, n);
        code = EXIT_OK;
    } else {
        book_home_fail(&home);
    }
    free(entries);
    book_home_close(&home);
    return code;
}

const struct command command_book_show = {
    .name = "book show",
    .arguments = "",
    .summary = "list the addresses a node knows",
    .about =
        "Lists the address book as it was last saved, whether the node runs or not: those that\n"
        "were reached last come first. SIDE is old for vetted addresses; FAILS counts failed "
        "dials\n"
        "since the last success; SUCCESS and VERIFIED say how long ago. IDs are cut to 12\n"
        "characters, by which luapex book find finds them; --json and --csv have them whole.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_show,
};
