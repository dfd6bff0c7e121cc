#include "app/book/book_rows.h"

#include "app/text/report_json.h"
#include "book/rfc3339.h"
#include <stdio.h>
#include <string.h>

#define ID_SHOWN 12 /* of 40 characters; enough for `book find` */

bool book_form_read(const struct flags *flags, enum book_form *form)
{
    bool json = flags_has(flags, "json"), csv = flags_has(flags, "csv");
    if (json && csv)
        return !flags_misuse(flags->command, "--json or --csv, not both");
    *form = json ? BOOK_FORM_JSON : csv ? BOOK_FORM_CSV : BOOK_FORM_TABLE;
    return true;
}

static const char *side_name(const struct book_entry *entry)
{
    return entry->side == BOOK_OLD ? "old" : "new";
}

static const char *failure_name(const struct book_entry *entry)
{
    return entry->last_failure ? err_name((enum err)entry->last_failure) : "";
}

int64_t book_rows_heard_ms(const struct book *book, const struct book_entry *entry, unsigned i)
{
    return SECONDS_MS(book_heard_s(book, entry, i));
}

/* ---- for people ---- */

char *age_text(int64_t then_ms, struct now now, char out[AGE_TEXT_MAX])
{
    static const struct {
        int64_t s;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    int64_t age_s = then_ms < now.wall_ms ? (now.wall_ms - then_ms) / 1000 : 0;
    size_t i = 0;
    while (i < 3 && age_s < units[i].s)
        i++;
    if (then_ms <= 0)
        snprintf(out, AGE_TEXT_MAX, "-");
    else
        snprintf(out, AGE_TEXT_MAX, "%lld%c", (long long)(age_s / units[i].s), units[i].name);
    return out;
}

static int address_width(const struct book_entry *const *entries, size_t n)
{
    char text[ADDR_TEXT_MAX];
    size_t width = strlen("ADDRESS");
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(endpoint_to_text(&entries[i]->addr.at, text));
        width = length > width ? length : width;
    }
    return (int)width;
}

static void write_table(
    const struct book *book, struct now now, const struct book_entry *const *entries, size_t n)
{
    char id[PEER_ID_TEXT + 1], at[ADDR_TEXT_MAX], source[IP_TEXT_MAX];
    char success[AGE_TEXT_MAX], verified[AGE_TEXT_MAX];
    int width = address_width(entries, n);
    printf("%-*s  %-*s  SIDE  FAILS  SUCCESS  VERIFIED  %-17s  SOURCE\n", ID_SHOWN, "ID", width,
        "ADDRESS", "LAST FAILURE");
    for (size_t i = 0; i < n; i++) {
        const struct book_entry *entry = entries[i];
        printf("%.*s  %-*s  %s   %5u  %7s  %8s  %-17s  %s\n", ID_SHOWN,
            peer_id_text(&entry->addr.id, id), width, endpoint_to_text(&entry->addr.at, at),
            side_name(entry), entry->attempts, age_text(entry->last_success_ms, now, success),
            age_text(entry->last_verified_ms, now, verified),
            entry->last_failure ? failure_name(entry) : "-",
            ip_text(&book_source(book, entry, 0)->at.ip, source));
    }
}

/* ---- for programs ---- */

/* "": never. */
static const char *time_text(int64_t wall_ms, char out[RFC3339_MAX])
{
    return wall_ms > 0 ? rfc3339_text(wall_ms, out) : "";
}

static void write_csv_entry(const struct book *book, const struct book_entry *entry)
{
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX], group[GROUP_TEXT_MAX], time[4][RFC3339_MAX];
    printf("%s,%s,%u,%s,%s,%u,%s,", peer_id_text(&entry->addr.id, id),
        ip_text(&entry->addr.at.ip, ip), entry->addr.at.port, group_text(entry->group, group),
        side_name(entry), entry->attempts, failure_name(entry));
    printf("%s,%s,%s,%s,", time_text(entry->first_seen_ms, time[0]),
        time_text(entry->last_attempt_ms, time[1]), time_text(entry->last_success_ms, time[2]),
        time_text(entry->last_verified_ms, time[3]));
    const struct addr *source = book_source(book, entry, 0);
    printf("%u,%u,%s,%s,%u\n", entry->rtt_ms, entry->answers, peer_id_text(&source->id, id),
        ip_text(&source->at.ip, ip), source->at.port);
}

static json_t *time_json(int64_t wall_ms)
{
    char text[RFC3339_MAX];
    return report_text_or_null(time_text(wall_ms, text));
}

static json_t *source_json(const struct book *book, const struct book_entry *entry, unsigned i)
{
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
    const struct addr *source = book_source(book, entry, i);
    return json_pack("{s:s, s:s, s:i, s:o}", "id", peer_id_text(&source->id, id), "ip",
        ip_text(&source->at.ip, ip), "port", source->at.port, "heard",
        time_json(book_rows_heard_ms(book, entry, i)));
}

static json_t *failures_json(const struct book_entry *entry)
{
    return json_pack("{s:i, s:i, s:i, s:i}", "refused", entry->failures[BOOK_REFUSED], "timed_out",
        entry->failures[BOOK_TIMED_OUT], "handshake", entry->failures[BOOK_HANDSHAKE], "other",
        entry->failures[BOOK_OTHER]);
}

/* The share of dials that succeeded, among what each window knows; null: it knows nothing. */
static json_t *reliability_json(const struct book_entry *entry, struct now now)
{
    static const char *const names[BOOK_WINDOWS] = {"2h", "8h", "1d", "1w", "1m"};
    json_t *json = json_object();
    for (unsigned i = 0; i < BOOK_WINDOWS; i++) {
        struct book_reliability r = book_reliability(entry, (enum book_window)i, now);
        json_object_set_new(
            json, names[i], r.known > 0 ? json_real(r.good / r.known) : json_null());
    }
    return json;
}

static void write_json_entry(
    const struct book *book, struct now now, const struct book_entry *entry)
{
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX], group[GROUP_TEXT_MAX];
    json_t *sources = json_array();
    for (unsigned i = 0; i < entry->sources_n; i++)
        json_array_append_new(sources, source_json(book, entry, i));
    json_t *json =
        json_pack("{s:s, s:s, s:i, s:s, s:s, s:I, s:o}", "id", peer_id_text(&entry->addr.id, id),
            "ip", ip_text(&entry->addr.at.ip, ip), "port", entry->addr.at.port, "group",
            group_text(entry->group, group), "side", side_name(entry), "attempts",
            (json_int_t)entry->attempts, "last_failure", report_text_or_null(failure_name(entry)));
    json_t *rest = json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:i, s:o, s:o, s:o}",
        "first_seen", time_json(entry->first_seen_ms), "last_attempt",
        time_json(entry->last_attempt_ms), "last_success", time_json(entry->last_success_ms),
        "last_verified", time_json(entry->last_verified_ms), "rtt_ms",
        entry->rtt_ms ? json_integer(entry->rtt_ms) : json_null(), "answers",
        (json_int_t)entry->answers, "version", report_text_or_null(book_version(book, entry)),
        "bans", entry->bans, "failures", failures_json(entry), "reliability",
        reliability_json(entry, now), "sources", sources);
    json_object_update(json, rest);
    json_decref(rest);
    report_print(json);
}

void book_rows_write(const struct book *book, struct now now,
    const struct book_entry *const *entries, size_t n, enum book_form form)
{
    if (form == BOOK_FORM_TABLE) {
        write_table(book, now, entries, n);
        return;
    }
    if (form == BOOK_FORM_CSV)
        puts("id,ip,port,group,side,attempts,last_failure,first_seen,last_attempt,last_success,"
             "last_verified,rtt_ms,answers,source_id,source_ip,source_port");
    for (size_t i = 0; i < n; i++) {
        if (form == BOOK_FORM_CSV)
            write_csv_entry(book, entries[i]);
        else
            write_json_entry(book, now, entries[i]);
    }
}
