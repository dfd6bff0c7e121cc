#include "app/trace/trace_file.h"

#include "trace/format.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "unit/temp_folder.h"

#define PATH_ROOM 300

struct fixture {
    struct temp_folder folder;
    char path[PATH_ROOM];
    struct trace_file *file;
    struct trace_sink sink;
};

static void open_file(struct fixture *f)
{
    char why[512];
    assert_int_equal(trace_file_open(f->path, 3, &f->file, why, sizeof why), ERR_OK);
    f->sink = trace_file_sink(f->file);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->folder = temp_folder_make();
    snprintf(f->path, sizeof f->path, "%s/trace.bin", f->folder.path);
    open_file(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    trace_file_close(f->file);
    temp_folder_remove(&f->folder);
    free(f);
    return 0;
}

static const char *put(struct fixture *f, size_t n, int byte)
{
    uint8_t *bytes = malloc(n);
    assert_non_null(bytes);
    memset(bytes, byte, n);
    return f->sink.take(f->sink.context, bytes, n);
}

static void close_file(struct fixture *f)
{
    trace_file_close(f->file);
    f->file = NULL;
}

/* The file of this age, at most cap bytes of it; -1: there is none. */
static long read_file(const struct fixture *f, unsigned age, char *out, size_t cap)
{
    char path[PATH_ROOM + TRACE_PATH_EXTRA];
    snprintf(path, sizeof path, age ? "%s.%u" : "%s", f->path, age);
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t n = fread(out, 1, cap, file);
    fclose(file);
    return (long)n;
}

static void what_is_taken_is_written_in_order(void **state)
{
    struct fixture *f = *state;
    struct stat about;
    char text[16] = {0};
    assert_null(put(f, 3, 'a'));
    assert_null(put(f, 2, 'b'));
    close_file(f);
    assert_int_equal(read_file(f, 0, text, sizeof text), 5);
    assert_string_equal(text, "aaabb");
    assert_int_equal(stat(f->path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
}

/* Of a node that knows nobody. */
static struct opening *make_opening(struct opening *_Atomic *home)
{
    static const uint8_t entropy[BOOK_ENTROPY] = {1};
    struct policy none = {0};
    const struct node_settings settings = node_settings_default();
    const struct book_settings small = {.new_buckets = 1,
        .old_buckets = 1,
        .new_bucket_size = 1,
        .old_bucket_size = 1,
        .new_buckets_per_group = 1,
        .old_buckets_per_group = 1,
        .new_buckets_per_addr = 1,
        .selection_max = 1,
        .bans_max = 1};
    struct book *book;
    struct opening *opening = opening_new(home);
    assert_int_equal(book_new(&small, entropy, &book), ERR_OK);
    struct node *node = node_new(&settings, book, &none, (struct now){0});
    assert_true(opening && node);
    assert_int_equal(node_picture_take(&opening->node, node), ERR_OK);
    node_free(node);
    opening->head = span_of_text("head");
    return opening;
}

static void the_beginning_of_a_segment_is_written_in_its_turn_and_given_back(void **state)
{
    struct fixture *f = *state;
    struct opening *_Atomic home = NULL;
    struct opening *opening = make_opening(&home);
    struct codec expected = codec_writer();
    opening_write(opening, &expected);
    char *text = calloc(1, expected.n + 3);
    assert_null(put(f, 1, 'a'));
    assert_null(f->sink.take_opening(f->sink.context, opening));
    assert_null(put(f, 1, 'b'));
    assert_true(f->sink.file_bytes(f->sink.context) >= 2 + expected.n);
    close_file(f);
    assert_ptr_equal(home, opening);
    assert_int_equal(read_file(f, 0, text, expected.n + 3), expected.n + 2);
    assert_int_equal(text[0], 'a');
    assert_memory_equal(text + 1, expected.out, expected.n);
    assert_int_equal(text[1 + expected.n], 'b');
    free(text);
    codec_free(&expected);
    opening_free(home);
}

static void older_files_move_on_and_the_oldest_goes(void **state)
{
    struct fixture *f = *state;
    char text[16] = {0};
    for (int i = 0; i < 5; i++) {
        assert_null(put(f, 1, 'a' + i));
        f->sink.next_file(f->sink.context);
    }
    close_file(f);
    assert_int_equal(read_file(f, 0, text, sizeof text), 0);
    assert_int_equal(read_file(f, 1, text, sizeof text), 1);
    assert_int_equal(text[0], 'e');
    assert_int_equal(read_file(f, 2, text, sizeof text), 1);
    assert_int_equal(text[0], 'd');
    assert_int_equal(read_file(f, 3, text, sizeof text), -1);
}

static void a_file_of_an_earlier_run_is_kept(void **state)
{
    struct fixture *f = *state;
    char text[16] = {0};
    assert_null(put(f, 1, 'a'));
    close_file(f);
    open_file(f);
    assert_null(put(f, 1, 'b'));
    close_file(f);
    read_file(f, 0, text, 1);
    read_file(f, 1, text + 1, 1);
    assert_string_equal(text, "ba");
}

/* More than may wait: what was taken is written, and the end says why nothing follows. */
static void a_disk_that_is_too_slow_ends_the_trace(void **state)
{
    struct fixture *f = *state;
    char text[128] = {0};
    assert_null(put(f, 4, 'a'));
    assert_string_equal(put(f, TRACE_QUEUE_MAX + 1, 'b'), "the disk is too slow");
    assert_string_equal(put(f, 1, 'c'), "the disk is too slow");
    close_file(f);
    long n = read_file(f, 0, text, sizeof text);
    struct codec end = codec_writer();
    trace_write_end(&end, "the disk is too slow");
    assert_int_equal(n, 4 + (long)end.n);
    assert_memory_equal(text, "aaaa", 4);
    assert_memory_equal(text + 4, end.out, end.n);
    codec_free(&end);
}

/* A large book is no sign of a slow disk. */
static void a_segment_longer_than_the_queue_is_taken(void **state)
{
    struct fixture *f = *state;
    struct opening *_Atomic home = NULL;
    struct opening *opening = make_opening(&home);
    opening->policy.n = opening->policy.cap = TRACE_QUEUE_MAX;
    opening->policy.out = calloc(1, TRACE_QUEUE_MAX);
    assert_null(f->sink.take_opening(f->sink.context, opening));
    close_file(f);
    assert_ptr_equal(home, opening);
    opening_free(home);
}

static void a_folder_that_is_missing_is_told(void **state)
{
    struct fixture *f = *state;
    struct trace_file *none = NULL;
    char path[PATH_ROOM + 16], why[512];
    snprintf(path, sizeof path, "%s/none/trace.bin", f->folder.path);
    assert_int_equal(trace_file_open(path, 2, &none, why, sizeof why), ERR_IO);
    assert_non_null(strstr(why, path));
    assert_non_null(strstr(why, "No such file or directory"));
    assert_null(none);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(what_is_taken_is_written_in_order),
        T(the_beginning_of_a_segment_is_written_in_its_turn_and_given_back),
        T(older_files_move_on_and_the_oldest_goes),
        T(a_file_of_an_earlier_run_is_kept),
        T(a_disk_that_is_too_slow_ends_the_trace),
        T(a_segment_longer_than_the_queue_is_taken),
        T(a_folder_that_is_missing_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
