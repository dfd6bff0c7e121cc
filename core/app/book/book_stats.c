#include "app/book/book_home.h"
#include "app/book/book_rows.h"
#include "app/book/book_tally.h"
#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "app/text/report_json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOP 5
#define SIDES 2 /* new, old */

static const struct flag own_flags[] = {
    FLAG_HOME,
    {"json", NULL, "Print one JSON object."},
};

/* Ages are counted up to each of these; older ones and never come after. */
static const struct {
    int64_t ms;
    const char *name;
} ages[] = {{HOURS_MS(1), "1h"}, {HOURS_MS(24), "24h"}, {HOURS_MS(24 * 7), "7d"},
    {HOURS_MS(24 * 30), "30d"}, {INT64_MAX, "older"}};
#define AGES (sizeof ages / sizeof *ages)

struct age_counts {
    uint32_t n[AGES], never;
};

struct fill {
    uint32_t used, fullest; /* buckets with an entry; entries of the fullest */
};

struct stats {
    struct age_counts success, verified;
    struct fill fill[SIDES];
    uint32_t bans, bans_in_force, bad;
    struct tally groups, sources;
    struct tally_count top_groups[TOP], top_sources[TOP];
    size_t groups_n, sources_n, top_groups_n, top_sources_n;
};

/* ---- counting ---- */

static void count_age(struct age_counts *counts, int64_t then_ms, struct now now)
{
    size_t i = 0;
    while (ages[i].ms < now.wall_ms - then_ms)
        i++;
    if (then_ms > 0)
        counts->n[i]++;
    else
        counts->never++;
}

static void count_entries(struct stats *stats, const struct book_home *home)
{
    const struct book_entry *entry;
    uint32_t cursor = 0;
    while ((entry = book_next(home->book, &cursor)) != NULL) {
        count_age(&stats->success, entry->last_success_ms, home->now);
        count_age(&stats->verified, entry->last_verified_ms, home->now);
        tally_add(&stats->groups, &entry->group, sizeof entry->group);
        for (unsigned i = 0; i < entry->sources_n; i++)
            tally_add(
                &stats->sources, &book_source(home->book, entry, i)->at.ip, sizeof(struct ip));
    }
}

/* False: no memory. */
static bool count_buckets(struct stats *stats, const struct book *book, enum book_side side)
{
    const struct book_settings *settings = book_settings(book);
    uint32_t buckets_n = side == BOOK_NEW ? settings->new_buckets : settings->old_buckets;
    struct fill *fill = &stats->fill[side - BOOK_NEW];
    uint32_t *held = calloc(buckets_n, sizeof *held);
    const struct book_entry *entry;
    struct book_record record;
    uint32_t cursor = 0;
    while (held && (entry = book_next(book, &cursor)) != NULL) {
        if (entry->side != side)
            continue;
        book_record(book, entry, &record);
        for (uint32_t i = 0; i < record.buckets_n; i++) {
            uint32_t n = ++held[record.buckets[i]];
            fill->used += n == 1;
            fill->fullest = n > fill->fullest ? n : fill->fullest;
        }
    }
    free(held);
    return held != NULL;
}

static void count_bans(struct stats *stats, const struct book_home *home)
{
    const struct bans *bans = book_bans(home->book);
    stats->bans = bans_count(bans);
    for (uint32_t i = 0; i < stats->bans; i++)
        stats->bans_in_force += home->now.wall_ms < bans_at(bans, i)->until_ms;
}

static bool count(struct stats *stats, const struct book_home *home)
{
    const struct book *book = home->book;
    if (!tally_init(&stats->groups, book_count(book)) ||
        !tally_init(&stats->sources, (size_t)book_count(book) * BOOK_SOURCES_MAX) ||
        !count_buckets(stats, book, BOOK_NEW) || !count_buckets(stats, book, BOOK_OLD))
        return false;
    count_entries(stats, home);
    count_bans(stats, home);
    stats->bad = book_count_bad(book, home->now);
    stats->groups_n = tally_top(&stats->groups, stats->top_groups, TOP, &stats->top_groups_n);
    stats->sources_n = tally_top(&stats->sources, stats->top_sources, TOP, &stats->top_sources_n);
    return true;
}

/* ---- names of keys ---- */

static const char *group_name(const struct tally_count *count)
{
    static char text[GROUP_TEXT_MAX];
    struct group group;
    memcpy(&group, count->key, sizeof group);
    return group_text(group, text);
}

static const char *source_name(const struct tally_count *count)
{
    static char text[IP_TEXT_MAX];
    struct ip ip;
    memcpy(&ip, count->key, sizeof ip);
    return ip_text(&ip, text);
}

/* ---- for people ---- */

static void print_side(const struct stats *stats, const struct book *book, enum book_side side)
{
    const struct book_settings *settings = book_settings(book);
    const struct fill *fill = &stats->fill[side - BOOK_NEW];
    printf("  %s      %7u   in %u of %u buckets, the fullest holds %u of %u\n",
        side == BOOK_NEW ? "new" : "old", book_count_side(book, side), fill->used,
        side == BOOK_NEW ? settings->new_buckets : settings->old_buckets, fill->fullest,
        side == BOOK_NEW ? settings->new_bucket_size : settings->old_bucket_size);
}

static void print_ages(const char *title, const struct age_counts *counts)
{
    printf("%-8s", title);
    for (size_t i = 0; i < AGES; i++)
        printf("  %7u", counts->n[i]);
    printf("  %7u\n", counts->never);
}

static void print_top(const char *title, size_t distinct, const struct tally_count *top, size_t n,
    const char *(*name)(const struct tally_count *count))
{
    printf("%-8s  %7zu", title, distinct);
    for (size_t i = 0; i < n; i++)
        printf("%s%s (%u)", i > 0 ? ", " : "   largest: ", name(&top[i]), top[i].n);
    putchar('\n');
}

static void print_text(const struct stats *stats, const struct book_home *home)
{
    char age[AGE_TEXT_MAX];
    printf("%s, saved %s ago\n\n", home->file, age_text(home->saved_ms, home->now, age));
    printf("addresses  %7u\n", book_count(home->book));
    print_side(stats, home->book, BOOK_NEW);
    print_side(stats, home->book, BOOK_OLD);
    printf("  bad      %7u   not worth keeping: the first to go when room is needed\n", stats->bad);
    printf("bans       %7u   %u in force\n\n", stats->bans, stats->bans_in_force);
    printf("%-8s", "within");
    for (size_t i = 0; i < AGES; i++)
        printf("  %7s", ages[i].name);
    printf("  %7s\n", "never");
    print_ages("success", &stats->success);
    print_ages("verified", &stats->verified);
    putchar('\n');
    print_top("groups", stats->groups_n, stats->top_groups, stats->top_groups_n, group_name);
    print_top("sources", stats->sources_n, stats->top_sources, stats->top_sources_n, source_name);
}

/* ---- for programs ---- */

static json_t *side_json(const struct stats *stats, const struct book *book, enum book_side side)
{
    const struct book_settings *settings = book_settings(book);
    const struct fill *fill = &stats->fill[side - BOOK_NEW];
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "addresses",
        (json_int_t)book_count_side(book, side), "buckets_used", (json_int_t)fill->used, "buckets",
        (json_int_t)(side == BOOK_NEW ? settings->new_buckets : settings->old_buckets), "fullest",
        (json_int_t)fill->fullest, "bucket_size",
        (json_int_t)(side == BOOK_NEW ? settings->new_bucket_size : settings->old_bucket_size));
}

static json_t *ages_json(const struct age_counts *counts)
{
    json_t *json = json_object();
    for (size_t i = 0; i < AGES; i++)
        json_object_set_new(json, ages[i].name, json_integer(counts->n[i]));
    json_object_set_new(json, "never", json_integer(counts->never));
    return json;
}

static json_t *top_json(size_t distinct, const struct tally_count *top, size_t n,
    const char *(*name)(const struct tally_count *count))
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:I}", "name", name(&top[i]), "n", (json_int_t)top[i].n));
    return json_pack("{s:I, s:o}", "distinct", (json_int_t)distinct, "largest", list);
}

static void print_json(const struct stats *stats, const struct book_home *home)
{
    json_t *json = json_pack("{s:o, s:I, s:o, s:o, s:I, s:I, s:I}", "file", report_text(home->file),
        "addresses", (json_int_t)book_count(home->book), "new",
        side_json(stats, home->book, BOOK_NEW), "old", side_json(stats, home->book, BOOK_OLD),
        "bad", (json_int_t)stats->bad, "bans", (json_int_t)stats->bans, "bans_in_force",
        (json_int_t)stats->bans_in_force);
    json_object_set_new(json, "success", ages_json(&stats->success));
    json_object_set_new(json, "verified", ages_json(&stats->verified));
    json_object_set_new(json, "groups",
        top_json(stats->groups_n, stats->top_groups, stats->top_groups_n, group_name));
    json_object_set_new(json, "sources",
        top_json(stats->sources_n, stats->top_sources, stats->top_sources_n, source_name));
    report_print(json);
}

/* ---- the command ---- */

static int print(const struct book_home *home, bool as_json)
{
    struct stats stats = {0};
    bool is_counted = count(&stats, home);
    if (!is_counted)
        complain("luapex: error: out of memory");
    else if (as_json)
        print_json(&stats, home);
    else
        print_text(&stats, home);
    tally_free(&stats.groups);
    tally_free(&stats.sources);
    return is_counted ? EXIT_OK : EXIT_FAILED;
}

static int book_stats(const struct flags *flags)
{
    struct book_home home;
    int code = book_home_open(flags, BOOK_HOME_READ, &home) == ERR_OK
        ? print(&home, flags_has(flags, "json"))
        : book_home_fail(&home);
    book_home_close(&home);
    return code;
}

const struct command command_book_stats = {
    .name = "book stats",
    .arguments = "",
    .summary = "what an address book is made of",
    .about =
        "Counts addresses by side, by the age of the last success and verification (each column\n"
        "holds what the ones before it do not), by address group and by source; tells how full\n"
        "the buckets are and how many bans there are.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_stats,
};
