/* bench: uv
 * The stored book at 16,500 addresses: start from it, and one second's 500 dirty rows. */
#include "crypto/node_key.h"
#include "uv/store_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENTRIES 16500
#define DIRTY 500
#define ROUNDS 20
#define NOW ((struct now){1000, 1700000000000})

static double ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct addr addr_of(uint32_t i)
{
    struct addr addr = {.at = {ip_of_v4(0x0b000000u + i * 2654435761u % 0x60000000u), 26656}};
    memcpy(addr.id.bytes, &i, sizeof i);
    addr.id.bytes[19] = 1;
    return addr;
}

static struct book *new_book(void)
{
    struct book_settings settings = book_settings_default();
    static const uint8_t entropy[BOOK_ENTROPY] = {1};
    struct book *book;
    settings.strict = false;
    if (book_new(&settings, entropy, &book) != ERR_OK)
        abort();
    return book;
}

static void store(struct store_file *file, struct book *book)
{
    struct book_changes changes;
    char why[STORE_FILE_WHY_MAX];
    if (book_take_changes(book, UINT32_MAX, &changes) != ERR_OK ||
        store_file_write(file, changes.at, changes.n, false, why) != ERR_OK)
        abort();
    book_free_changes(&changes);
}

static struct store_file *open_file(const char *path)
{
    struct store_file *file;
    char why[STORE_FILE_WHY_MAX];
    if (store_file_open(path, STORE_WRITE, &file, why) != ERR_OK)
        abort();
    return file;
}

static double measure_dirty(struct store_file *file, struct book *book, uint32_t *next)
{
    double sum = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint32_t n = 0; n < DIRTY; (*next)++) {
            struct addr addr = addr_of(*next % (4 * ENTRIES));
            n += book_mark_attempt(book, NOW, &addr, ERR_REFUSED) == ERR_OK;
        }
        double begin = ms();
        store(file, book);
        sum += ms() - begin;
    }
    return sum / ROUNDS;
}

static double measure_start(const char *path)
{
    double least = 1e9;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct store_report report;
        struct book *book = new_book();
        double begin = ms();
        struct store_file *file = open_file(path);
        if (store_file_load(file, book, NOW, &report) != ERR_OK)
            abort();
        double took = ms() - begin;
        least = took < least ? took : least;
        store_file_close(file);
        book_free(book);
    }
    return least;
}

int main(void)
{
    char folder[] = "/tmp/luapex-bench-XXXXXX", path[64], command[64];
    if (!crypto_init() || !mkdtemp(folder))
        return 1;
    snprintf(path, sizeof path, "%s/luapex.db", folder);
    struct book *book = new_book();
    struct rng rng;
    rng_seed(&rng, 1);
    uint32_t tried = 1;
    for (; book_count(book) < ENTRIES && tried < 40 * ENTRIES; tried++) {
        struct addr addr = addr_of(tried % (4 * ENTRIES)), source = addr_of(100000 + tried % 997);
        if (book_add(book, NOW, &rng, &addr, &source, NULL) == ERR_OK && tried % 4 == 0)
            book_mark_good(book, NOW, &addr);
    }
    struct store_file *file = open_file(path);
    store(file, book);
    uint32_t next = 1;
    double dirty = measure_dirty(file, book, &next);
    store_file_close(file);
    printf("{\"addresses\": %u, \"start_ms\": %.2f, \"dirty_rows\": %d, \"dirty_ms\": %.2f}\n",
        book_count(book), measure_start(path), DIRTY, dirty);
    book_free(book);
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) != 0;
}
