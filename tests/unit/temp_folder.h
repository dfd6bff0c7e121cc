/* A folder for one test, removed with all that is in it. Include after cmocka.h. */
#ifndef UNIT_TEMP_FOLDER_H
#define UNIT_TEMP_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct temp_folder {
    char path[64];
};

static inline struct temp_folder temp_folder_make(void)
{
    struct temp_folder folder = {.path = "/tmp/luapex-test-XXXXXX"};
    assert_non_null(mkdtemp(folder.path));
    return folder;
}

static inline int temp_folder_remove_one(
    const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

static inline void temp_folder_remove(const struct temp_folder *folder)
{
    nftw(folder->path, temp_folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* FOLDER/name; valid until the fourth call after this one. */
static inline const char *temp_path(const struct temp_folder *folder, const char *name)
{
    static char joined[4][256];
    static unsigned next;
    char *out = joined[next++ % 4];
    snprintf(out, sizeof joined[0], "%s/%s", folder->path, name);
    return out;
}

static inline void temp_write_bytes(
    const struct temp_folder *folder, const char *name, const void *bytes, size_t n)
{
    FILE *file = fopen(temp_path(folder, name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static inline void temp_write(const struct temp_folder *folder, const char *name, const char *text)
{
    temp_write_bytes(folder, name, text, strlen(text));
}

#endif
