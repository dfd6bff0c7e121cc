/* bench: book
 *
 * The address book alone, with the same calls as `gopeer book --bench`: every address from another
 * source, a fifth marked good, selections of up to 250.
 *
 *     bench_book [--json] [--entries N]
 *
 * Up to 16,500 entries the book has Tendermint's dimensions, beyond that as many more buckets.
 * Times are processor time, medians of ROUNDS books. Memory is what the process grew by while the
 * first book was filled and drawn from, all indexes included. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "book/changes.h"
#include "book/image.h"

#define DEFAULT_ENTRIES 16500
#define ENTRIES_MAX 4000000
#define ROUNDS 5
#define ROUNDS_OF_LARGE 3 /* from 100,000 entries on */
#define PICKS 1000000
#define SELECTIONS 2000
#define DIRTY 500 /* changes of one busy second */
#define START_MS 1700000000000
#define NEW_PERCENT 30
#define KEEP_APART (128 << 10)
#define KEEP_TOGETHER (64 << 20)

enum measure {
    ADD,
    MARK_GOOD,
    PICK,
    SELECTION,
    BIASED,
    CHANGES,
    EXPORT,
    IMPORT,
    MEASURES,
};

static const char *const names[MEASURES] = {"add_ns", "mark_good_ns", "pick_ns", "selection_ns",
    "biased_selection_ns", "changes_ns", "save_ns", "load_ns"};

struct bench {
    uint32_t entries;
    struct addr *addrs;
    struct now now;
    struct rng rng;
    double times[MEASURES][ROUNDS];
    unsigned rounds;
    uint32_t size, selected;
    double bytes_per_entry;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double resident_bytes(void)
{
    unsigned long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file) {
        if (fscanf(file, "%lu %lu", &size, &resident) != 2)
            resident = 0;
        fclose(file);
    }
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_book: %s\n", what);
    exit(1);
}

static void make_addrs(struct bench *b)
{
    b->addrs = calloc(b->entries, sizeof *b->addrs);
    must(b->addrs, "no memory");
    for (uint32_t i = 0; i < b->entries; i++) {
        struct addr *addr = &b->addrs[i];
        for (unsigned j = 0; j < PEER_ID_SIZE; j++)
            addr->id.bytes[j] = (uint8_t)rng_next(&b->rng);
        do
            addr->at.ip = ip_of_v4((uint32_t)rng_next(&b->rng));
        while (!ip_is_routable(&addr->at.ip) || ip_is_reserved(&addr->at.ip));
        addr->at.port = 26656;
    }
}

static struct book_settings settings_for(uint32_t entries)
{
    struct book_settings settings = book_settings_default();
    uint32_t times = (entries + DEFAULT_ENTRIES - 1) / DEFAULT_ENTRIES;
    if (times > 1)
        times += times / 4; /* so that nearly all of them fit */
    settings.new_buckets *= times;
    settings.old_buckets *= times;
    settings.new_buckets_per_group *= times;
    settings.old_buckets_per_group *= times;
    return settings;
}

static struct book *new_book(const struct bench *b)
{
    static const uint8_t entropy[BOOK_ENTROPY] = {7};
    struct book_settings settings = settings_for(b->entries);
    struct book *book;
    must(book_new(&settings, entropy, &book) == ERR_OK, "no book");
    return book;
}

static void fill(struct bench *b, struct book *book, unsigned round)
{
    double start = now_ns();
    for (uint32_t i = 0; i < b->entries; i++)
        book_add(book, b->now, &b->rng, &b->addrs[i], &b->addrs[((uint64_t)i * 7 + 1) % b->entries],
            NULL);
    b->times[ADD][round] = (now_ns() - start) / b->entries;
    uint32_t good = b->entries / 5;
    start = now_ns();
    for (uint32_t i = 0; i < good; i++)
        book_mark_good(book, b->now, &b->addrs[i]);
    b->times[MARK_GOOD][round] = (now_ns() - start) / (good > 0 ? good : 1);
    b->size = book_count(book);
}

static void draw(struct bench *b, struct book *book, unsigned round)
{
    struct addr out[BOOK_SELECTION_LIMIT];
    uintptr_t sum = 0;
    double start = now_ns();
    for (int i = 0; i < PICKS; i++)
        sum += (uintptr_t)book_pick(book, b->now, &b->rng, NEW_PERCENT);
    b->times[PICK][round] = (now_ns() - start) / PICKS;
    must(sum != 0 || b->size == 0, "nothing picked");
    struct book_selection plain = {0}, biased = {.biased = true, .new_percent = NEW_PERCENT};
    start = now_ns();
    for (int i = 0; i < SELECTIONS; i++)
        b->selected = (uint32_t)book_select(book, b->now, &b->rng, &plain, out);
    b->times[SELECTION][round] = (now_ns() - start) / SELECTIONS;
    start = now_ns();
    for (int i = 0; i < SELECTIONS; i++)
        book_select(book, b->now, &b->rng, &biased, out);
    b->times[BIASED][round] = (now_ns() - start) / SELECTIONS;
}

/* What the loop thread pays each second for the store. */
static void change(struct bench *b, struct book *book, unsigned round)
{
    struct book_changes changes;
    book_all_saved(book);
    for (uint32_t i = 0; i < DIRTY; i++)
        book_mark_attempt(book, b->now, &b->addrs[rng_index(&b->rng, b->entries)], ERR_TIMEOUT);
    double start = now_ns();
    must(book_take_changes(book, UINT32_MAX, &changes) == ERR_OK, "no changes");
    b->times[CHANGES][round] = now_ns() - start;
    book_free_changes(&changes);
}

/* To a file and back, as Go's Save and Load do. */
static void exchange(struct bench *b, struct book *book, unsigned round)
{
    struct image_text text = {0};
    struct book_load_report report;
    FILE *file = tmpfile();
    must(file, "no temporary file");
    double start = now_ns();
    must(book_save(book, &text) == ERR_OK, "not saved");
    must(
        fwrite(text.at, 1, text.n, file) == text.n && fflush(file) == 0 && fsync(fileno(file)) == 0,
        "not written");
    b->times[EXPORT][round] = now_ns() - start;
    rewind(file);
    struct book *back = new_book(b);
    start = now_ns();
    must(fread(text.at, 1, text.n, file) == text.n, "not read");
    must(book_load(back, b->now, span_of(text.at, text.n), &report) == ERR_OK, "not loaded");
    b->times[IMPORT][round] = now_ns() - start;
    must(report.kept + text.left_out == b->size, "entries lost on the way");
    book_free(back);
    image_text_free(&text);
    fclose(file);
}

/* The pages of the first book are its own, whatever came before; later ones use what is there. */
static void choose_memory(unsigned round)
{
    mallopt(M_MMAP_THRESHOLD, round == 0 ? KEEP_APART : KEEP_TOGETHER);
    mallopt(M_TRIM_THRESHOLD, KEEP_TOGETHER);
}

static void measure(struct bench *b, unsigned round)
{
    choose_memory(round);
    double before = resident_bytes();
    struct book *book = new_book(b);
    fill(b, book, round);
    draw(b, book, round);
    if (round == 0 && b->size > 0)
        b->bytes_per_entry = (resident_bytes() - before) / b->size;
    change(b, book, round);
    exchange(b, book, round);
    must(book_check(book) == NULL, "the book is broken");
    book_free(book);
}

/* Code and libraries come into memory before anything is measured. */
static void warm_up(const struct bench *b)
{
    struct bench small = *b;
    small.entries = small.entries < 100 ? small.entries : 100;
    struct book *book = new_book(&small);
    fill(&small, book, 0);
    draw(&small, book, 0);
    book_free(book);
}

static int by_value(const void *x, const void *y)
{
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double median(struct bench *b, enum measure what)
{
    qsort(b->times[what], b->rounds, sizeof(double), by_value);
    return b->times[what][b->rounds / 2];
}

static void report_json(struct bench *b)
{
    printf("{\"bench\":\"book\",\"entries\":%u,\"size\":%u,\"selection_size\":%u,"
           "\"bytes_per_entry\":%.0f",
        b->entries, b->size, b->selected, b->bytes_per_entry);
    for (unsigned i = 0; i < MEASURES; i++)
        printf(",\"%s\":%.1f", names[i], median(b, i));
    printf("}\n");
}

static void report_text(struct bench *b)
{
    printf("%-24s %14u\n%-24s %14u\n%-24s %14u\n%-24s %14.0f\n", "entries", b->entries, "size",
        b->size, "selection_size", b->selected, "bytes_per_entry", b->bytes_per_entry);
    for (unsigned i = 0; i < MEASURES; i++)
        printf("%-24s %14.1f\n", names[i], median(b, i));
}

int main(int argc, char **argv)
{
    static struct bench b = {.entries = DEFAULT_ENTRIES, .now = {1, START_MS}};
    bool json = false, usage = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--entries") == 0 && i + 1 < argc)
            b.entries = (uint32_t)strtoul(argv[++i], NULL, 10);
        else
            usage = true;
    }
    if (usage || b.entries == 0 || b.entries > ENTRIES_MAX) {
        fprintf(stderr, "usage: bench_book [--json] [--entries N, 1 to %d]\n", ENTRIES_MAX);
        return 2;
    }
    rng_seed(&b.rng, 1);
    b.rounds = b.entries < 100000 ? ROUNDS : ROUNDS_OF_LARGE;
    make_addrs(&b);
    choose_memory(0);
    warm_up(&b);
    for (unsigned round = 0; round < b.rounds; round++)
        measure(&b, round);
    (json ? report_json : report_text)(&b);
    free(b.addrs);
    return 0;
}
