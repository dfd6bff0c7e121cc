/* bench: trace
 * What the beginning of a segment costs the loop, at a book of 16,000 addresses and tables as full
 * as those of a node that dialed them all; and what it costs whoever writes it. */
#include "node/state.h"
#include "trace/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ENTRIES 16000
#define ROUNDS 50
#define BUSY_BYTES (16u << 20) /* what a node touches between two segments: more than a cache */

struct written {
    size_t bytes, held;
    double ms;
};

static double ms(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e3 + (double)at.tv_nsec / 1e6;
}

static struct addr addr_of(uint32_t i)
{
    struct addr addr = {.at = {ip_of_v4(0x0b000000u + i * 2654435761u % 0x60000000u), 26656}};
    memcpy(addr.id.bytes, &i, sizeof i);
    addr.id.bytes[19] = 1;
    return addr;
}

static struct book *full_book(struct now now)
{
    struct book_settings settings = book_settings_default();
    static const uint8_t entropy[BOOK_ENTROPY] = {1};
    struct book *book;
    struct rng rng;
    rng_seed(&rng, 1);
    settings.strict = false;
    if (book_new(&settings, entropy, &book) != ERR_OK)
        abort();
    for (uint32_t i = 1; book_count(book) < ENTRIES && i < 40 * ENTRIES; i++) {
        struct addr addr = addr_of(i % (4 * ENTRIES)), source = addr_of(100000 + i % 997);
        if (book_add(book, now, &rng, &addr, &source, NULL) == ERR_OK && i % 4 == 0)
            book_mark_good(book, now, &addr);
    }
    return book;
}

static void fill_tables(struct node *node)
{
    for (uint32_t i = 0; i < ENTRIES; i++) {
        struct addr addr = addr_of(i);
        struct endpoint_key key = endpoint_key(&addr.at);
        if (!recent_touch(&node->dial_records, &key) || !recent_touch(&node->history, &addr.id) ||
            !recent_touch(&node->crawl.records, &addr.id))
            abort();
    }
}

static const char *take(void *context, uint8_t *bytes, size_t n)
{
    struct written *written = context;
    written->bytes += n;
    free(bytes);
    return NULL;
}

/* What the writing thread does. */
static const char *take_opening(void *context, struct opening *opening)
{
    struct written *written = context;
    struct codec codec = codec_writer();
    double begun = ms();
    opening_write(opening, &codec);
    written->ms += ms() - begun;
    written->bytes += codec.n;
    written->held = opening_size(opening);
    opening_release(opening);
    codec_free(&codec);
    return NULL;
}

static void next_file(void *context)
{
    (void)context;
}

static uint64_t file_bytes(void *context)
{
    return ((struct written *)context)->bytes;
}

static void save_policy(void *context, struct now now, struct codec *codec)
{
    (void)context, (void)now, (void)codec;
}

static void be_busy(void)
{
    static uint8_t bytes[BUSY_BYTES];
    for (size_t i = 0; i < sizeof bytes; i += 64)
        bytes[i]++;
}

int main(void)
{
    struct now now = {1000, 1700000000000};
    struct written written = {0};
    struct policy none = {0};
    struct node_settings made = node_settings_default();
    struct outbox outbox = {0};
    const struct recorder_settings settings = {
        .segment_ms = 1,
        .file_max = UINT64_C(1) << 40,
        .version = "bench",
        .sink = {take, take_opening, next_file, file_bytes, &written},
        .save_policy = save_policy,
        .log = {.level = LOG_NONE},
    };
    made.log = settings.log;
    made.pex = false;
    struct recorder *recorder = recorder_new(&settings, &none);
    struct node *node = node_new(&made, full_book(now), recorder_policy(recorder), now);
    if (!node)
        return 1;
    fill_tables(node);
    node_observe(node, recorder_observer(recorder));
    recorder_start(recorder, node);
    double sum = 0, most = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        be_busy();
        double begun = ms(), others = written.ms;
        node_step(node, now, &(struct event){.kind = EVENT_TICK}, &outbox);
        double took = ms() - begun - (written.ms - others);
        sum += took;
        most = round > 0 && took > most ? took : most;
        outbox_reset(&outbox);
        now.mono_ms += 2;
        now.wall_ms += 2;
    }
    printf("{\"addresses\": %u, \"loop_ms\": %.2f, \"loop_most_ms\": %.2f, \"writer_ms\": %.2f, "
           "\"copied_bytes\": %zu, \"segment_bytes\": %zu}\n",
        book_count(node->book), sum / ROUNDS, most, written.ms / ROUNDS, written.held,
        written.bytes / ROUNDS);
    recorder_stop(recorder, "enough");
    recorder_free(recorder);
    node_free(node);
    outbox_free(&outbox);
    return 0;
}
