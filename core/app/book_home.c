#include "app/book_home.h"

#include "app/home_lock.h"
#include "ops/file.h"
#include "uv/machine.h"
#include "uv/store.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

__attribute__((format(printf, 3, 4))) static enum err fail(
    struct book_home *home, enum err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(home->why, sizeof home->why, format, arguments);
    va_end(arguments);
    return err;
}

static struct now wall_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (struct now){.wall_ms = SECONDS_MS(now.tv_sec) + now.tv_nsec / 1000000};
}

enum err book_home_new(struct book_home *home, struct book **book)
{
    struct book_settings made = book_settings_default();
    made.strict = home->settings.p2p.addr_book_strict;
    made.need_more = (uint32_t)home->settings.pex.need_more_addresses;
    uint8_t entropy[BOOK_ENTROPY];
    if (!machine_entropy(entropy, sizeof entropy))
        return fail(home, ERR_IO, "this machine gives no entropy");
    enum err err = book_new(&made, entropy, book);
    crypto_wipe(entropy, sizeof entropy);
    return err ? fail(home, err, "no memory for an address book") : ERR_OK;
}

enum err book_home_read_file(struct book_home *home, const char *path, struct file_text *file)
{
    char cause[FILE_CAUSE_MAX];
    enum err err = file_read(path, IMAGE_SIZE_MAX, false, file, cause);
    return err ? fail(home, err, "%s %s", path, cause) : ERR_OK;
}

static enum err load_file(struct book_home *home, const struct file_text *file)
{
    enum err err = book_load(home->book, home->now, span_of(file->text, file->n), &home->report);
    if (err == ERR_CORRUPT)
        return fail(home, err, "%s:%u: %s; the node will move the file aside and start without it",
            home->path, home->report.line, home->report.cause);
    return err ? fail(home, err, "%s: %s", home->path, err_text(err)) : ERR_OK;
}

static enum err load(struct book_home *home)
{
    struct file_text file;
    struct stat info;
    home->saved_ms = stat(home->path, &info) == 0
        ? SECONDS_MS(info.st_mtim.tv_sec) + info.st_mtim.tv_nsec / 1000000
        : 0;
    enum err err = book_home_read_file(home, home->path, &file);
    if (err)
        return err;
    home->is_saved = true;
    err = load_file(home, &file);
    free(file.text);
    return err;
}

enum err book_home_open(
    const struct flags *flags, enum book_home_access access, struct book_home *home)
{
    *home = (struct book_home){.lock = -1, .now = wall_now()};
    if (!home_settings(flags, &home->settings))
        return ERR_INVALID;
    home->path = settings_path(&home->settings, home->settings.p2p.addr_book_file);
    if (!home->path)
        return fail(home, ERR_NO_MEMORY, "out of memory");
    enum err err = ERR_OK;
    if (access == BOOK_HOME_WRITE)
        err = home_lock(&home->settings, &home->lock, home->why);
    if (!err)
        err = book_home_new(home, &home->book);
    if (err)
        return err;
    err = load(home);
    if (err == ERR_NOT_FOUND && access == BOOK_HOME_WRITE)
        return ERR_OK;
    if (err == ERR_NOT_FOUND)
        fail(home, err, "%s: there is no address book yet; luapex book import brings one",
            home->path);
    return err;
}

void book_home_close(struct book_home *home)
{
    book_free(home->book);
    free(home->path);
    settings_free(&home->settings);
    home_unlock(home->lock);
}

enum err book_home_save(struct book_home *home)
{
    struct image_text image = {0};
    enum err err = book_save(home->book, &image);
    if (err)
        fail(home, err, "%s: %s", home->path, err_text(err));
    else if ((err = store_replace_file(home->path, image.at, image.n)) != ERR_OK)
        fail(home, err, "%s cannot be written: %s", home->path, strerror(errno));
    image_text_free(&image);
    return err;
}

int book_home_fail(const struct book_home *home)
{
    if (*home->why)
        fprintf(stderr, "luapex: error: %s\n", home->why);
    return EXIT_FAILED;
}
