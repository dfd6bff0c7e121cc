/* The value of a setting as text, the way it is written in config.toml or on the command line. */
#ifndef APP_SETTINGS_TEXT_H
#define APP_SETTINGS_TEXT_H

#include "app/settings/settings_table.h"

/* Cut at cap - 1 bytes. */
char *setting_text(
    const struct setting *setting, const struct settings *settings, char *out, size_t cap);

#endif
