/* Whatever the bytes: no crash, a book that holds together, an untouched book on refusal, and an
 * image of what was loaded that loads again as the same. */
#include <stdlib.h>

#include "book/image.h"

#define NOW ((struct now){0, 1700000000000})

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

/* Small enough to be full soon. */
static struct book *small_book(void)
{
    static const uint8_t entropy[BOOK_ENTROPY] = {7};
    struct book_settings settings = book_settings_default();
    struct book *book;
    settings.new_buckets = 8;
    settings.new_bucket_size = 2;
    settings.old_buckets = 4;
    settings.old_bucket_size = 2;
    settings.bans_max = 4;
    require(book_new(&settings, entropy, &book) == ERR_OK);
    return book;
}

static void check_round_trip(const struct book *book)
{
    struct image_text text = {0}, again = {0};
    struct book_load_report report;
    struct book *back = small_book();
    require(book_save(book, &text) == ERR_OK);
    require(book_load(back, NOW, span_of(text.at, text.n), &report) == ERR_OK);
    require(report.kept == book_count(book) && report.replaced == 0 && !report.key_replaced);
    require(report.bans_kept == bans_count(book_bans(book)));
    require(book_save(back, &again) == ERR_OK);
    require(text.n == again.n && memcmp(text.at, again.at, text.n) == 0);
    image_text_free(&text);
    image_text_free(&again);
    book_free(back);
}

static void check_counts(const struct book_load_report *r, const struct book *book)
{
    uint32_t skipped = r->bad_shape + r->bad_id + r->bad_address + r->non_routable + r->duplicate +
        r->excluded + r->no_room + r->too_many;
    require(r->listed == r->kept + skipped);
    require(r->kept == book_count(book));
    require(r->bans_kept <= r->bans_listed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct book_load_report report;
    struct book *book = small_book(), *merged = small_book();
    uint64_t revision = book_revision(book);
    enum err err = book_load(book, NOW, span_of(data, n), &report);
    require(!book_check(book));
    if (err) {
        require(err == ERR_CORRUPT && report.line > 0 && report.cause[0] != 0);
        require(book_revision(book) == revision && book_count(book) == 0);
    } else {
        check_counts(&report, book);
        check_round_trip(book);
    }
    require(book_merge(merged, NOW, span_of(data, n), &report) == err);
    require(!book_check(merged));
    book_free(book);
    book_free(merged);
    return 0;
}
