/* The live address book: what it is made of, entries, and which buckets are full. */
#include "app/book/book_filter.h"
#include "app/book/book_tally.h"
#include "app/book/book_wanted.h"
#include "app/control/control_inside.h"

#include <stdlib.h>
#include <string.h>

static const struct book *book_of(const struct controller *controller)
{
    return node_book(control_node(controller));
}

/* ---- buckets ---- */

struct side {
    enum book_side side;
    uint32_t buckets, size; /* how many there are; what one holds at most */
    uint32_t *fill;         /* heap; NULL: no memory */
};

/* Counts the entries of every bucket of one side. */
static struct side count_side(const struct book *book, enum book_side which)
{
    const struct book_settings *settings = book_settings(book);
    bool is_new = which == BOOK_NEW;
    struct side side = {which, is_new ? settings->new_buckets : settings->old_buckets,
        is_new ? settings->new_bucket_size : settings->old_bucket_size, NULL};
    side.fill = calloc(side.buckets, sizeof *side.fill);
    const struct book_entry *entry;
    uint32_t cursor = 0;
    while (side.fill && (entry = book_next(book, &cursor)) != NULL) {
        struct book_record record;
        if (entry->side != which)
            continue;
        book_record(book, entry, &record);
        for (uint32_t i = 0; i < record.buckets_n; i++)
            side.fill[record.buckets[i]]++;
    }
    return side;
}

static json_t *side_json(const struct book *book, enum book_side which)
{
    struct side side = count_side(book, which);
    uint32_t used = 0, full = 0;
    for (uint32_t i = 0; side.fill && i < side.buckets; i++) {
        used += side.fill[i] > 0;
        full += side.fill[i] == side.size;
    }
    free(side.fill);
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "addresses",
        (json_int_t)book_count_side(book, which), "buckets", (json_int_t)side.buckets, "used",
        (json_int_t)used, "full", (json_int_t)full, "bucket_size", (json_int_t)side.size);
}

/* ---- book ---- */

static uint32_t count_verified(const struct book *book, struct now now, int64_t within_ms)
{
    const struct book_filter filter = {.verified_within_ms = within_ms};
    const struct book_entry *entry;
    uint32_t cursor = 0, n = 0;
    while ((entry = book_next(book, &cursor)) != NULL)
        n += book_filter_takes(&filter, entry, now);
    return n;
}

static size_t count_groups(const struct book *book)
{
    struct tally groups = {0};
    const struct book_entry *entry;
    uint32_t cursor = 0;
    size_t n = 0, top_n;
    if (tally_init(&groups, book_count(book) + 1)) {
        while ((entry = book_next(book, &cursor)) != NULL)
            tally_add(&groups, &entry->group, sizeof entry->group);
        n = tally_top(&groups, NULL, 0, &top_n);
    }
    tally_free(&groups);
    return n;
}

void control_book(void *context, struct control_request *request)
{
    const struct book *book = book_of(context);
    const struct now now = control_now(context);
    control_answer(request,
        json_pack("{s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:I}", "addresses",
            (json_int_t)book_count(book), "new", side_json(book, BOOK_NEW), "old",
            side_json(book, BOOK_OLD), "bad", (json_int_t)book_count_bad(book, now), "verified_1h",
            (json_int_t)count_verified(book, now, HOURS_MS(1)), "verified_24h",
            (json_int_t)count_verified(book, now, HOURS_MS(24)), "groups",
            (json_int_t)count_groups(book), "needs_more", book_need_more(book), "bans",
            (json_int_t)bans_count(book_bans(book))));
}

/* ---- entries ---- */

static void set_age(json_t *json, const char *name, int64_t then_ms, struct now now)
{
    if (then_ms > 0)
        json_object_set_new(json, name,
            json_real(then_ms < now.wall_ms ? (double)(now.wall_ms - then_ms) / 1000 : 0));
}

static json_t *entry_json(const struct book *book, const struct book_entry *entry, struct now now)
{
    char group[GROUP_TEXT_MAX], source[IP_TEXT_MAX];
    json_t *json = json_pack("{s:o, s:o, s:s, s:s, s:I, s:s}", "id", control_id(&entry->addr.id),
        "addr", control_endpoint(&entry->addr.at), "side", entry->side == BOOK_OLD ? "old" : "new",
        "group", group_text(entry->group, group), "fails", (json_int_t)entry->attempts, "source",
        ip_text(&book_source(book, entry, 0)->at.ip, source));
    set_age(json, "success_s", entry->last_success_ms, now);
    set_age(json, "verified_s", entry->last_verified_ms, now);
    if (entry->rtt_ms > 0)
        json_object_set_new(json, "rtt_ms", json_integer(entry->rtt_ms));
    if (entry->last_failure)
        json_object_set_new(
            json, "last_failure", json_string(err_name((enum err)entry->last_failure)));
    return json;
}

static bool read_wanted(struct control_request *request, struct book_wanted *wanted)
{
    const char *text = control_text(request, "what");
    if (book_wanted_read(text, wanted))
        return true;
    control_refuse_argument(request, "what",
        "an IP, IP:port, a range or the beginning of an ID (4 digits or more)", text);
    return false;
}

void control_book_find(void *context, struct control_request *request)
{
    const struct book *book = book_of(context);
    const struct now now = control_now(context);
    struct book_wanted wanted;
    if (!read_wanted(request, &wanted))
        return;
    const struct book_filter filter = {.keep = book_wanted_fits, .context = &wanted};
    size_t n = 0, limit = (size_t)control_number(request, "limit");
    const struct book_entry **entries = book_filter_list(&filter, book, now, limit, &n);
    json_t *rows = json_array();
    for (size_t i = 0; entries && i < n && i < limit; i++)
        json_array_append_new(rows, entry_json(book, entries[i], now));
    free(entries);
    control_answer(request, json_pack("{s:o, s:I}", "entries", rows, "total", (json_int_t)n));
}

static json_t *sources_json(const struct book *book, const struct book_entry *entry, struct now now)
{
    json_t *rows = json_array();
    for (unsigned i = 0; i < entry->sources_n; i++) {
        const struct addr *source = book_source(book, entry, i);
        json_t *row = json_pack(
            "{s:o, s:o}", "id", control_id(&source->id), "addr", control_endpoint(&source->at));
        set_age(row, "heard_s", SECONDS_MS(book_heard_s(book, entry, i)), now);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *buckets_json(const struct book *book, const struct book_entry *entry)
{
    struct book_record record;
    json_t *list = json_array();
    book_record(book, entry, &record);
    for (uint32_t i = 0; i < record.buckets_n; i++)
        json_array_append_new(list, json_integer(record.buckets[i]));
    return list;
}

static json_t *whole_json(const struct book *book, const struct book_entry *entry, struct now now)
{
    const struct ban *ban = bans_by_addr(book_bans(book), now, &entry->addr);
    json_t *json = entry_json(book, entry, now);
    set_age(json, "first_seen_s", entry->first_seen_ms, now);
    set_age(json, "attempt_s", entry->last_attempt_ms, now);
    json_object_set_new(json, "answers", json_integer(entry->answers));
    json_object_set_new(json, "version", report_text(book_version(book, entry)));
    json_object_set_new(json, "connected", json_boolean(entry->connected));
    json_object_set_new(
        json, "bad", json_boolean(book_entry_is_bad(book_settings(book), entry, now)));
    json_object_set_new(json, "banned", json_string(ban ? ban->reason : ""));
    json_object_set_new(json, "buckets", buckets_json(book, entry));
    json_object_set_new(json, "sources", sources_json(book, entry, now));
    return json;
}

void control_book_show(void *context, struct control_request *request)
{
    const struct book *book = book_of(context);
    const struct now now = control_now(context);
    struct book_wanted wanted;
    if (!read_wanted(request, &wanted))
        return;
    const struct book_filter filter = {.keep = book_wanted_fits, .context = &wanted};
    size_t n = 0;
    const struct book_entry **entries = book_filter_list(&filter, book, now, 1, &n);
    if (entries && n == 1)
        control_answer(request, whole_json(book, entries[0], now));
    else if (n == 0)
        control_refuse(request, CONTROL_REFUSED, "the book has no address of %s", wanted.prefix);
    else
        control_refuse(request, CONTROL_REFUSED,
            "%zu addresses fit %s; see luapex ctl book find %s", n, wanted.prefix, wanted.prefix);
    free(entries);
}

/* ---- the map ---- */

#define DESCRIBED_MAX 16 /* as in lua/ops/methods/book.lua */

/* The fullest buckets, fullest first. */
struct fullest {
    size_t n;
    uint32_t buckets[DESCRIBED_MAX];
    struct tally groups[DESCRIBED_MAX];
};

static void choose_fullest(const struct side *side, size_t limit, struct fullest *fullest)
{
    for (uint32_t i = 0; i < side->buckets; i++) {
        size_t at = fullest->n;
        while (at > 0 && side->fill[i] > side->fill[fullest->buckets[at - 1]])
            at--;
        if (at == limit || side->fill[i] == 0)
            continue;
        fullest->n += fullest->n < limit;
        memmove(&fullest->buckets[at + 1], &fullest->buckets[at],
            (fullest->n - at - 1) * sizeof *fullest->buckets);
        fullest->buckets[at] = i;
    }
}

static void tally_entry(
    struct fullest *fullest, const struct book_record *record, const struct group *group)
{
    for (uint32_t i = 0; i < record->buckets_n; i++)
        for (size_t k = 0; k < fullest->n; k++)
            if (fullest->buckets[k] == record->buckets[i])
                tally_add(&fullest->groups[k], group, sizeof *group);
}

/* Counts the groups in these buckets; false: no memory. */
static bool tally_groups(const struct book *book, const struct side *side, struct fullest *fullest)
{
    const struct book_entry *entry;
    uint32_t cursor = 0;
    for (size_t k = 0; k < fullest->n; k++)
        if (!tally_init(&fullest->groups[k], side->size))
            return false;
    while ((entry = book_next(book, &cursor)) != NULL) {
        struct book_record record;
        if (entry->side != side->side)
            continue;
        book_record(book, entry, &record);
        tally_entry(fullest, &record, &entry->group);
    }
    return true;
}

static json_t *bucket_json(const struct side *side, struct fullest *fullest, size_t k)
{
    struct tally_count top = {0};
    size_t top_n, distinct = tally_top(&fullest->groups[k], &top, 1, &top_n);
    char text[GROUP_TEXT_MAX];
    struct group group;
    memcpy(&group, top.key, sizeof group);
    return json_pack("{s:I, s:I, s:I, s:s, s:I}", "bucket", (json_int_t)fullest->buckets[k],
        "entries", (json_int_t)side->fill[fullest->buckets[k]], "groups", (json_int_t)distinct,
        "largest_group", group_text(group, text), "of_it", (json_int_t)top.n);
}

static json_t *fullest_json(const struct book *book, const struct side *side, size_t limit)
{
    json_t *rows = json_array();
    struct fullest fullest = {0};
    choose_fullest(side, limit, &fullest);
    if (tally_groups(book, side, &fullest))
        for (size_t k = 0; k < fullest.n; k++)
            json_array_append_new(rows, bucket_json(side, &fullest, k));
    for (size_t k = 0; k < fullest.n; k++)
        tally_free(&fullest.groups[k]);
    return rows;
}

void control_book_map(void *context, struct control_request *request)
{
    const struct book *book = book_of(context);
    bool is_old = strcmp(control_text(request, "side"), "old") == 0;
    struct side side = count_side(book, is_old ? BOOK_OLD : BOOK_NEW);
    json_t *fill = json_array();
    for (uint32_t i = 0; side.fill && i < side.buckets; i++)
        json_array_append_new(fill, json_integer(side.fill[i]));
    json_t *rows = side.fill ? fullest_json(book, &side, (size_t)control_number(request, "limit"))
                             : json_array();
    free(side.fill);
    control_answer(request,
        json_pack("{s:s, s:I, s:o, s:o}", "side", is_old ? "old" : "new", "bucket_size",
            (json_int_t)side.size, "map", fill, "fullest", rows));
}
