#include "app/trace/trace_file.h"

#include "trace/format.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

/* Whole records, a segment to be written, or (neither) the wish for another file. */
struct piece {
    struct piece *next;
    uint8_t *bytes;
    struct opening *opening;
    size_t n;      /* bytes it holds */
    uint32_t file; /* that it belongs to */
};

struct trace_file {
    char *path;
    uint32_t files_max;
    int fd;     /* of the writing thread, as is: */
    off_t good; /* bytes of whole records in the file */
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;
    /* Under the mutex: */
    struct piece *first, **last;
    size_t queued;
    uint32_t number; /* of the file that is being filled, from 0 */
    uint64_t bytes;  /* of that */
    bool closing;
    const char *ended; /* why nothing is taken any more; NULL: it is */
};

/* ---- names ---- */

static void name_of(const struct trace_file *file, uint32_t age, char *name, size_t cap)
{
    if (age == 0)
        snprintf(name, cap, "%s", file->path);
    else
        snprintf(name, cap, "%s.%u", file->path, age);
}

/* Every file becomes one older; the oldest is overwritten. */
static bool shift(const struct trace_file *file)
{
    size_t cap = strlen(file->path) + TRACE_PATH_EXTRA;
    char *from = malloc(cap), *to = malloc(cap);
    for (uint32_t age = file->files_max - 1; from && to && age > 0; age--) {
        name_of(file, age - 1, from, cap);
        name_of(file, age, to, cap);
        rename(from, to); /* one that is not there is no loss */
    }
    bool done = from && to;
    free(from);
    free(to);
    return done;
}

/* A new file in place of what bears its name. */
static bool create(struct trace_file *file)
{
    if (unlink(file->path) != 0 && errno != ENOENT)
        return false;
    file->good = 0;
    file->fd =
        open(file->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    return file->fd >= 0;
}

/* ---- the writing thread ---- */

static bool write_all(struct trace_file *file, const uint8_t *bytes, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t written = write(file->fd, bytes + done, n - done);
        if (written < 0 && errno != EINTR)
            return false;
        done += written > 0 ? (size_t)written : 0;
    }
    file->good += (off_t)n;
    return true;
}

/* The last words, in place of what was written in part. */
static void write_end(struct trace_file *file, const char *why)
{
    struct codec codec = codec_writer();
    trace_write_end(&codec, why);
    bool cut =
        ftruncate(file->fd, file->good) == 0 && lseek(file->fd, file->good, SEEK_SET) == file->good;
    if (cut && !codec.err)
        write_all(file, codec.out, codec.n);
    codec_free(&codec);
}

static const char *const out_of_memory = "out of memory";

static const char *cause_of(int error)
{
    return error == ENOSPC || error == EDQUOT ? "the disk is full" : "the file cannot be written";
}

static const char *next(struct trace_file *file)
{
    close(file->fd);
    file->fd = -1;
    if (!shift(file))
        return out_of_memory;
    return create(file) ? NULL : cause_of(errno);
}

/* It took so many bytes, and not as many as it held. */
static void correct_size(struct trace_file *file, const struct piece *piece, size_t n)
{
    uv_mutex_lock(&file->mutex);
    if (piece->file == file->number)
        file->bytes = file->bytes + n - piece->n;
    uv_mutex_unlock(&file->mutex);
}

/* Why it failed, or NULL. */
static const char *write_opening(struct trace_file *file, const struct piece *piece)
{
    const char *why = NULL;
    struct codec codec = codec_writer();
    opening_write(piece->opening, &codec);
    correct_size(file, piece, codec.n);
    if (codec.err)
        why = codec.err == ERR_NO_MEMORY ? out_of_memory : "the state could not be written";
    else if (!write_all(file, codec.out, codec.n))
        why = cause_of(errno);
    codec_free(&codec);
    return why;
}

static const char *write_piece(struct trace_file *file, const struct piece *piece)
{
    const char *why = NULL;
    if (file->fd < 0)
        return NULL; /* it has failed before */
    if (piece->opening)
        why = write_opening(file, piece);
    else if (!piece->bytes)
        return next(file);
    else if (!write_all(file, piece->bytes, piece->n))
        why = cause_of(errno);
    if (!why)
        return NULL;
    write_end(file, why);
    close(file->fd);
    file->fd = -1;
    return why;
}

/* Waits for work; NULL: it is over. */
static struct piece *wait_for_piece(struct trace_file *file)
{
    uv_mutex_lock(&file->mutex);
    while (!file->first && !file->closing)
        uv_cond_wait(&file->changed, &file->mutex);
    struct piece *piece = file->first;
    if (piece) {
        file->first = piece->next;
        file->queued -= piece->n;
        if (!file->first)
            file->last = &file->first;
    }
    uv_mutex_unlock(&file->mutex);
    return piece;
}

static void end(struct trace_file *file, const char *why)
{
    uv_mutex_lock(&file->mutex);
    if (why && !file->ended)
        file->ended = why;
    uv_mutex_unlock(&file->mutex);
}

static void drop_piece(struct piece piece)
{
    free(piece.bytes);
    if (piece.opening)
        opening_release(piece.opening);
}

static void run(void *context)
{
    struct trace_file *file = context;
    struct piece *piece;
    while ((piece = wait_for_piece(file))) {
        end(file, write_piece(file, piece));
        drop_piece(*piece);
        free(piece);
    }
    if (file->fd >= 0)
        close(file->fd);
}

/* ---- the loop's side ---- */

/* Under the mutex. False: out of memory. */
static bool queue(struct trace_file *file, struct piece queued)
{
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        return false;
    *piece = queued;
    piece->file = file->number;
    *file->last = piece;
    file->last = &piece->next;
    file->queued += piece->n;
    file->bytes += piece->n;
    uv_cond_signal(&file->changed);
    return true;
}

/* Under the mutex: the file ends with this, behind what is queued. */
static void queue_end(struct trace_file *file, const char *why)
{
    struct codec codec = codec_writer();
    trace_write_end(&codec, why);
    if (codec.err || !queue(file, (struct piece){.bytes = codec.out, .n = codec.n}))
        codec_free(&codec);
    file->ended = why;
}

static const char *put(struct trace_file *file, struct piece piece)
{
    uv_mutex_lock(&file->mutex);
    size_t more = piece.opening ? 0 : piece.n;
    if (!file->ended && file->queued + more > TRACE_QUEUE_MAX)
        queue_end(file, "the disk is too slow");
    const char *why = file->ended;
    if (!why && !queue(file, piece))
        why = file->ended = out_of_memory;
    uv_mutex_unlock(&file->mutex);
    if (why)
        drop_piece(piece);
    return why;
}

static const char *take(void *context, uint8_t *bytes, size_t n)
{
    return put(context, (struct piece){.bytes = bytes, .n = n});
}

static const char *take_opening(void *context, struct opening *opening)
{
    return put(context, (struct piece){.opening = opening, .n = opening_size(opening)});
}

static void next_file(void *context)
{
    struct trace_file *file = context;
    uv_mutex_lock(&file->mutex);
    if (!file->ended && !queue(file, (struct piece){0}))
        file->ended = out_of_memory;
    file->number++;
    file->bytes = 0;
    uv_mutex_unlock(&file->mutex);
}

static uint64_t file_bytes(void *context)
{
    struct trace_file *file = context;
    uv_mutex_lock(&file->mutex);
    uint64_t bytes = file->bytes;
    uv_mutex_unlock(&file->mutex);
    return bytes;
}

struct trace_sink trace_file_sink(struct trace_file *file)
{
    return (struct trace_sink){take, take_opening, next_file, file_bytes, file};
}

/* ---- life ---- */

static void destroy(struct trace_file *file)
{
    free(file->path);
    free(file);
}

static enum err begin(struct trace_file *file, char *why, size_t cap)
{
    if (!shift(file))
        return ERR_NO_MEMORY;
    if (!create(file)) {
        snprintf(why, cap, "trace.file %s: %s", file->path, strerror(errno));
        return ERR_IO;
    }
    file->last = &file->first;
    uv_mutex_init(&file->mutex);
    uv_cond_init(&file->changed);
    if (uv_thread_create(&file->thread, run, file) == 0)
        return ERR_OK;
    snprintf(why, cap, "trace.file %s: no thread to write it", file->path);
    uv_cond_destroy(&file->changed);
    uv_mutex_destroy(&file->mutex);
    close(file->fd);
    return ERR_IO;
}

enum err trace_file_open(
    const char *path, uint32_t files_max, struct trace_file **out, char *why, size_t cap)
{
    struct trace_file *file = calloc(1, sizeof *file);
    if (!file)
        return ERR_NO_MEMORY;
    file->path = strdup(path);
    file->files_max = files_max;
    enum err err = file->path ? begin(file, why, cap) : ERR_NO_MEMORY;
    if (err)
        destroy(file);
    else
        *out = file;
    return err;
}

void trace_file_close(struct trace_file *file)
{
    if (!file)
        return;
    uv_mutex_lock(&file->mutex);
    file->closing = true;
    uv_cond_signal(&file->changed);
    uv_mutex_unlock(&file->mutex);
    uv_thread_join(&file->thread);
    uv_cond_destroy(&file->changed);
    uv_mutex_destroy(&file->mutex);
    destroy(file);
}
