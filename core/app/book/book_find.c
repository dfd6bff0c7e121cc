#include "app/book/book_filter.h"
#include "app/book/book_home.h"
#include "app/book/book_rows.h"
#include "app/book/book_wanted.h"
#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "app/text/report_json.h"
#include "book/rfc3339.h"
#include <stdio.h>
#include <stdlib.h>

static const struct flag own_flags[] = {
    FLAG_HOME,
    FLAGS_BOOK_FORM,
};

static bool read_wanted(const struct flags *flags, struct book_wanted *wanted)
{
    if (flags->arguments_n == 0) {
        flags_misuse(
            flags->command, "what? Give an IP, IP:port, a CIDR range or the beginning of an ID");
        return false;
    }
    bool is_read = book_wanted_read(flags->arguments[0], wanted);
    if (!is_read)
        flags_misuse(flags->command,
            "'%s' is not an IP, IP:port, a CIDR range or the beginning of an ID (%d or more of "
            "0-9a-f)",
            flags->arguments[0], BOOK_PREFIX_MIN);
    return is_read;
}

/* ---- bans on what is looked for ---- */

static void print_ban(const struct ban *ban, struct now now)
{
    char what[ADDR_TEXT_MAX], until[RFC3339_MAX];
    printf("%s %s until %s: %s\n", now.wall_ms < ban->until_ms ? "banned:" : "was banned:",
        ban_target_text(&ban->target, what), rfc3339_text(ban->until_ms, until),
        *ban->reason ? ban->reason : "no reason given");
}

static void print_ban_json(const struct ban *ban, struct now now)
{
    char what[ADDR_TEXT_MAX], until[RFC3339_MAX];
    report_print(json_pack("{s:s, s:b, s:s, s:o}", "ban", ban_target_text(&ban->target, what),
        "holds", now.wall_ms < ban->until_ms, "until", rfc3339_text(ban->until_ms, until), "reason",
        report_text(ban->reason)));
}

/* How many there are. CSV has no columns for them. */
static size_t print_bans(
    const struct book_home *home, const struct book_wanted *wanted, enum book_form form)
{
    const struct bans *bans = book_bans(home->book);
    size_t n = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        if (!book_wanted_bans(wanted, &ban->target))
            continue;
        if (form == BOOK_FORM_TABLE)
            print_ban(ban, home->now);
        else if (form == BOOK_FORM_JSON)
            print_ban_json(ban, home->now);
        n++;
    }
    return n;
}

/* ---- the command ---- */

static int find(const struct book_home *home, struct book_wanted *wanted, enum book_form form)
{
    const struct book_filter filter = {.keep = book_wanted_fits, .context = wanted};
    size_t n;
    const struct book_entry **entries =
        book_filter_list(&filter, home->book, home->now, SIZE_MAX, &n);
    if (!entries) {
        complain("luapex: error: out of memory");
        return EXIT_FAILED;
    }
    if (n > 0 || form != BOOK_FORM_TABLE)
        book_rows_write(home->book, home->now, entries, n, form);
    if (n == 1 && form == BOOK_FORM_TABLE) {
        char whole[ADDR_TEXT_MAX];
        printf("\n%s\n", addr_to_text(&entries[0]->addr, whole));
    }
    free(entries);
    if (print_bans(home, wanted, form) + n > 0)
        return EXIT_OK;
    complain("luapex: nothing in %s fits %s", home->file, wanted->prefix);
    return EXIT_FAILED;
}

static int book_find_command(const struct flags *flags)
{
    struct book_wanted wanted;
    enum book_form form;
    if (!read_wanted(flags, &wanted) || !book_form_read(flags, &form))
        return EXIT_MISUSE;
    struct book_home home;
    int code = book_home_open(flags, BOOK_HOME_READ, &home) == ERR_OK ? find(&home, &wanted, form)
                                                                      : book_home_fail(&home);
    book_home_close(&home);
    return code;
}

const struct command command_book_find = {
    .name = "book find",
    .arguments = "WHAT",
    .arguments_max = 1,
    .summary = "look an ID, an IP or a range up in the address book",
    .about =
        "WHAT is an IP, IP:port, a CIDR range such as 10.0.0.0/8, or the first 4 or more\n"
        "characters of an ID. Prints the addresses that fit, as luapex book show does, and bans\n"
        "on them (in JSON objects with ban, holds, until and reason; in CSV not). A single\n"
        "address is also printed whole, as peers write it. Nothing found: exit 1.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_find_command,
};
