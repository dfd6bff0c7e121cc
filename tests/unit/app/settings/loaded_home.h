/* A home with one config.toml, loaded. Include after cmocka.h. */
#ifndef UNIT_APP_LOADED_HOME_H
#define UNIT_APP_LOADED_HOME_H

#include "app/settings/settings.h"
#include "unit/temp_folder.h"

struct home {
    struct temp_folder folder;
    struct settings settings;
    struct settings_problems problems;
    enum err err;
};

static inline void load(struct home *home, const char *config, char *const *environment,
    const struct settings_override *flags, size_t flags_n)
{
    *home = (struct home){.folder = temp_folder_make()};
    assert_int_equal(mkdir(temp_path(&home->folder, "config"), 0700), 0);
    if (config)
        temp_write(&home->folder, SETTINGS_FILE, config);
    home->err = settings_load(
        home->folder.path, environment, flags, flags_n, &home->settings, &home->problems);
}

static inline void unload(struct home *home)
{
    settings_free(&home->settings);
    temp_folder_remove(&home->folder);
}

/* The one problem that there is, as text, with the folder's name cut off. */
static inline const char *only_problem(struct home *home)
{
    static char text[2048];
    if (home->problems.n != 1)
        return home->problems.n ? "more than one problem" : "no problem";
    settings_problem_text(&home->problems.items[0], text, sizeof text);
    size_t n = strlen(home->folder.path);
    return strncmp(text, home->folder.path, n) == 0 ? text + n + 1 : text;
}

#endif
