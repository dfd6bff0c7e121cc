#include "app/book_filter.h"
#include "app/book_home.h"
#include "app/book_rows.h"
#include "app/commands.h"
#include "book/rfc3339.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX_MIN 4

static const struct flag own_flags[] = {
    FLAG_HOME,
    FLAGS_BOOK_FORM,
};

/* What is looked for: a range of IPs, or the beginning of an ID. */
struct wanted {
    bool is_range;
    struct cidr range;
    const char *prefix;
};

static bool read_wanted(const struct flags *flags, struct wanted *wanted)
{
    if (flags->arguments_n == 0) {
        flags_misuse(flags->command, "what? Give an IP, a CIDR range or the beginning of an ID");
        return false;
    }
    const char *text = flags->arguments[0];
    size_t n = strlen(text);
    *wanted = (struct wanted){.prefix = text};
    bool is_prefix = n >= PREFIX_MIN && n <= PEER_ID_TEXT && strspn(text, "0123456789abcdef") == n;
    wanted->is_range = !is_prefix && cidr_parse(span_of_text(text), &wanted->range) == ERR_OK;
    if (!is_prefix && !wanted->is_range)
        flags_misuse(flags->command,
            "'%s' is not an IP, a CIDR range or the beginning of an ID (%d or more of 0-9a-f)",
            text, PREFIX_MIN);
    return is_prefix || wanted->is_range;
}

static bool has_prefix(const struct peer_id *id, const char *prefix)
{
    char text[PEER_ID_TEXT + 1];
    return strncmp(peer_id_text(id, text), prefix, strlen(prefix)) == 0;
}

static bool fits(void *context, const struct book_entry *entry)
{
    const struct wanted *wanted = context;
    return wanted->is_range ? cidr_contains(&wanted->range, &entry->addr.at.ip)
                            : has_prefix(&entry->addr.id, wanted->prefix);
}

/* ---- bans on what is looked for ---- */

static bool ranges_overlap(const struct cidr *a, const struct cidr *b)
{
    return cidr_contains(a, &b->ip) || cidr_contains(b, &a->ip);
}

static bool ban_fits(const struct wanted *wanted, const struct ban_target *target)
{
    struct cidr range = {target->ip, target->kind == BAN_CIDR ? target->bits : 128};
    if (wanted->is_range)
        return target->kind != BAN_ID && ranges_overlap(&wanted->range, &range);
    return target->kind != BAN_CIDR && has_prefix(&target->id, wanted->prefix);
}

static void print_ban(const struct ban *ban, struct now now)
{
    char id[PEER_ID_TEXT + 1], range[IP_TEXT_MAX + 4], until[RFC3339_MAX];
    struct addr pair = {ban->target.id, {ban->target.ip, ban->target.port}};
    char at[ADDR_TEXT_MAX];
    const char *what = ban->target.kind == BAN_ID ? peer_id_text(&ban->target.id, id)
        : ban->target.kind == BAN_CIDR
        ? cidr_text(&(struct cidr){ban->target.ip, ban->target.bits}, range)
        : addr_to_text(&pair, at);
    printf("%s %s until %s: %s\n", now.wall_ms < ban->until_ms ? "banned:" : "was banned:", what,
        rfc3339_text(ban->until_ms, until), *ban->reason ? ban->reason : "no reason given");
}

/* For people only; how many there are. */
static size_t print_bans(const struct book_home *home, const struct wanted *wanted)
{
    const struct bans *bans = book_bans(home->book);
    size_t n = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        if (!ban_fits(wanted, &ban->target))
            continue;
        print_ban(ban, home->now);
        n++;
    }
    return n;
}

/* ---- the command ---- */

static int find(const struct book_home *home, struct wanted *wanted, enum book_form form)
{
    const struct book_filter filter = {.keep = fits, .context = wanted};
    size_t n, bans_n = 0;
    const struct book_entry **entries = book_filter_list(&filter, home->book, home->now, &n);
    if (!entries) {
        fprintf(stderr, "luapex: error: out of memory\n");
        return EXIT_FAILED;
    }
    if (n > 0 || form != BOOK_FORM_TABLE)
        book_rows_write(home->book, home->now, entries, n, form);
    if (n == 1 && form == BOOK_FORM_TABLE) {
        char whole[ADDR_TEXT_MAX];
        printf("\n%s\n", addr_to_text(&entries[0]->addr, whole));
    }
    free(entries);
    if (form == BOOK_FORM_TABLE)
        bans_n = print_bans(home, wanted);
    if (n + bans_n > 0)
        return EXIT_OK;
    fprintf(stderr, "luapex: nothing in %s fits %s\n", home->file, wanted->prefix);
    return EXIT_FAILED;
}

static int book_find_command(const struct flags *flags)
{
    struct wanted wanted;
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
        "WHAT is an IP, a CIDR range such as 10.0.0.0/8, or the first 4 or more characters of an\n"
        "ID. Prints the addresses that fit, as luapex book show does, and bans on them. A single\n"
        "one is also printed whole, as peers write it. Nothing found: exit 1.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_find_command,
};
