#include "app/book/book_home.h"
#include "app/book/book_report.h"
#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "app/text/report_json.h"
#include <stdio.h>

static const struct flag own_flags[] = {
    FLAG_HOME,
    {"json", NULL, "Print one JSON object."},
};

/* Nothing needed mending and nothing was left out. */
static bool is_whole(const struct book_home *home)
{
    const struct book_load_report *report = &home->report;
    return !home->store_is_damaged && report->kept == report->listed &&
        report->bans_kept == report->bans_listed && !report->replaced && !report->demoted &&
        !report->key_replaced;
}

static void print_text(const struct book_home *home, const char *violated)
{
    book_report_write(home->file, &home->report);
    if (home->merged.listed > 0) {
        printf("\nWhat somebody put there is merged when the node starts:\n");
        book_report_write(home->image_path, &home->merged);
    }
    if (violated)
        complain("luapex: error: %s: a rule of the book is violated: %s", home->file, violated);
    else if (is_whole(home))
        printf("%s: nothing to mend; all rules of the book hold\n", home->file);
    else
        printf("%s: mended as said above when the node starts; then all rules of the book hold\n",
            home->file);
}

static void print_json(const struct book_home *home, const char *violated)
{
    const struct book_load_report *report = &home->report;
    json_t *json = json_pack("{s:o, s:b, s:o, s:I, s:I, s:I, s:I}", "file", report_text(home->file),
        "whole", !violated && is_whole(home), "violated", report_text_or_null(violated),
        "addresses", (json_int_t)report->kept, "listed", (json_int_t)report->listed, "bans",
        (json_int_t)report->bans_kept, "bans_listed", (json_int_t)report->bans_listed);
    json_object_set_new(json, "mended",
        json_pack("{s:I, s:I, s:b}", "placed_anew", (json_int_t)report->replaced, "demoted",
            (json_int_t)report->demoted, "key", report->key_replaced));
    json_object_set_new(json, "left_out",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "malformed",
            (json_int_t)report->bad_shape, "id", (json_int_t)report->bad_id, "address",
            (json_int_t)report->bad_address, "non_routable", (json_int_t)report->non_routable,
            "duplicate", (json_int_t)report->duplicate, "excluded", (json_int_t)report->excluded,
            "no_room", (json_int_t)report->no_room, "too_many", (json_int_t)report->too_many));
    json_object_set_new(json, "merged", json_integer(home->merged.kept));
    report_print(json);
}

static int book_check_command(const struct flags *flags)
{
    struct book_home home;
    int code = EXIT_FAILED;
    if (book_home_open(flags, BOOK_HOME_READ, &home) == ERR_OK) {
        const char *violated = book_check(home.book);
        if (flags_has(flags, "json"))
            print_json(&home, violated);
        else
            print_text(&home, violated);
        code = violated || !is_whole(&home) ? EXIT_FAILED : EXIT_OK;
    } else {
        book_home_fail(&home);
    }
    book_home_close(&home);
    return code;
}

const struct command command_book_check = {
    .name = "book check",
    .arguments = "",
    .summary = "verify a node's address book",
    .about =
        "Reads the address book as a node does when it starts, checks every index and count, and\n"
        "says what would be mended and left out, and why. Changes nothing. Anything to mend:\n"
        "exit 1.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_check_command,
};
