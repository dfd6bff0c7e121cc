#include "app/book/book_filter.h"
#include "app/book/book_home.h"
#include "app/book/book_rows.h"
#include "app/cli/commands.h"
#include "app/text/complain.h"
#include "book/rfc3339.h"
#include "uv/store.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct flag own_flags[] = {
    FLAG_HOME,
    FLAGS_BOOK_FILTER,
    {"edges", NULL, "Write who told us of which address and when, as CSV."},
};

/* What goes to the file. */
struct export
{
    struct book_filter filter;
    bool edges;
    const char *path;
    struct image_text image;
    uint32_t n; /* addresses, or edges */
};

static int fail(const char *path, const char *cause)
{
    complain("luapex: error: %s: %s", path, cause);
    return EXIT_FAILED;
}

/* ---- addresses ---- */

/* What others need to know: not what we learned about the peer, nor who else told us. */
static struct book_record public_part(const struct book_record *whole)
{
    const struct book_entry *known = &whole->known;
    struct book_record record = {
        .known =
            {
                .addr = known->addr,
                .side = known->side,
                .sources_n = 1,
                .attempts = known->attempts,
                .first_seen_ms = known->first_seen_ms,
                .last_attempt_ms = known->last_attempt_ms,
                .last_success_ms = known->last_success_ms,
                .last_verified_ms = known->last_verified_ms,
            },
        .sources = {whole->sources[0]},
        .buckets_n = whole->buckets_n,
    };
    memcpy(record.buckets, whole->buckets, sizeof record.buckets);
    return record;
}

/* A book for publishing: the entries that the filter takes, in their places, and no bans. */
static enum err copy_chosen(
    const struct book_home *home, const struct book_filter *filter, struct book *chosen)
{
    const struct book_entry *entry;
    struct book_record whole, chosen_part;
    uint32_t cursor = 0;
    enum err err = book_set_key(chosen, span_of_text(book_key(home->book)));
    while (!err && (entry = book_next(home->book, &cursor)) != NULL) {
        if (!book_filter_takes(filter, entry, home->now))
            continue;
        book_record(home->book, entry, &whole);
        chosen_part = public_part(&whole);
        err = book_restore(chosen, home->now, &chosen_part, NULL);
    }
    return err;
}

static enum err render_chosen(struct book_home *home, struct export *export)
{
    struct book *chosen;
    enum err err = book_home_new(home, &chosen);
    if (err)
        return err;
    err = copy_chosen(home, &export->filter, chosen);
    if (!err)
        err = book_save(chosen, &export->image);
    export->n = book_count(chosen) - export->image.left_out;
    book_free(chosen);
    return err;
}

static enum err render_all(struct book_home *home, struct export *export)
{
    enum err err = book_save(home->book, &export->image);
    export->n = book_count(home->book) - export->image.left_out;
    return err;
}

/* ---- edges ---- */

static void write_edges(
    FILE *out, const struct book *book, const struct book_entry *entry, struct export *export)
{
    char source_id[PEER_ID_TEXT + 1], source_ip[IP_TEXT_MAX], id[PEER_ID_TEXT + 1];
    char ip[IP_TEXT_MAX], heard[RFC3339_MAX];
    for (unsigned i = 0; i < entry->sources_n; i++, export->n++) {
        const struct addr *source = book_source(book, entry, i);
        fprintf(out, "%s,%s,%u,%s,%s,%u,%s\n", peer_id_text(&source->id, source_id),
            ip_text(&source->at.ip, source_ip), source->at.port, peer_id_text(&entry->addr.id, id),
            ip_text(&entry->addr.at.ip, ip), entry->addr.at.port,
            rfc3339_text(book_rows_heard_ms(book, entry, i), heard));
    }
}

static enum err render_edges(struct book_home *home, struct export *export)
{
    const struct book_entry *entry;
    uint32_t cursor = 0;
    FILE *out = open_memstream(&export->image.at, &export->image.n);
    if (!out)
        return ERR_NO_MEMORY;
    fputs("source_id,source_ip,source_port,id,ip,port,heard\n", out);
    while ((entry = book_next(home->book, &cursor)) != NULL)
        if (book_filter_takes(&export->filter, entry, home->now))
            write_edges(out, home->book, entry, export);
    return fclose(out) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

/* ---- the command ---- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat left, right;
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
        left.st_ino == right.st_ino;
}

static int write_out(const struct book_home *home, const struct export *export)
{
    const struct image_text *image = &export->image;
    if (strcmp(export->path, "-") == 0) {
        bool is_written = fwrite(image->at, 1, image->n, stdout) == image->n && !fflush(stdout);
        return is_written ? EXIT_OK : fail("standard output", strerror(errno));
    }
    if (is_same_file(export->path, home->image_path) ||
        is_same_file(export->path, home->store_path))
        return fail(export->path, "is this node's own address book; take another file");
    if (store_replace_file(export->path, image->at, image->n) != ERR_OK)
        return fail(export->path, strerror(errno));
    printf("%s: %u %s of %u addresses\n", export->path, export->n,
        export->edges ? "edges" : "addresses", book_count(home->book));
    if (image->left_out > 0)
        printf("%u did not fit the size of Tendermint's book and were left out\n", image->left_out);
    return EXIT_OK;
}

static int export_from(struct book_home *home, struct export *export)
{
    enum err err = export->edges                ? render_edges(home, export)
        : book_filter_is_empty(&export->filter) ? render_all(home, export)
                                                : render_chosen(home, export);
    int code = err ? fail(export->path, err_text(err)) : write_out(home, export);
    image_text_free(&export->image);
    return code;
}

static int book_export(const struct flags *flags)
{
    struct export export = {.edges = flags_has(flags, "edges")};
    if (!book_filter_read(flags, &export.filter))
        return EXIT_MISUSE;
    if (flags->arguments_n == 0)
        return flags_misuse(flags->command, "to which file? Give FILE, or - for standard output");
    export.path = flags->arguments[0];
    struct book_home home;
    int code = book_home_open(flags, BOOK_HOME_READ, &home) == ERR_OK ? export_from(&home, &export)
                                                                      : book_home_fail(&home);
    book_home_close(&home);
    return code;
}

const struct command command_book_export = {
    .name = "book export",
    .arguments = "FILE",
    .arguments_max = 1,
    .summary = "write the address book for others, or for research",
    .about =
        "Writes an addrbook.json that Tendermint, CometBFT and luapex read; a file that exists is\n"
        "replaced at once. Without a filter it is complete: bans and all that was learned about\n"
        "peers go along, and luapex book import brings them back. With a filter it is for others "
        "to\n"
        "download: the chosen addresses, each with the source that named it first, and no bans:\n\n"
        "    luapex book export --verified 24h addrbook.json\n\n"
        "With --edges: a CSV file of source, address and time.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = book_export,
};
