/* The settings as text for people: a new config.toml, and the flags of a help page. */
#ifndef APP_SETTINGS_TEMPLATE_H
#define APP_SETTINGS_TEMPLATE_H

#include "app/settings/settings.h"
#include <stdio.h>

/* Writes a config.toml that has every setting with its meaning, unit, range and default. Values
 * come from `values` (names as on the command line), else they are the defaults. */
void settings_template_write(FILE *out, const struct settings_override *values, size_t values_n);

/* A line of a help page: the flag's name, and what it does from FLAG_COLUMN on. */
#define FLAG_COLUMN 43
#define FLAG_LEFT "  --%-38s "
#define FLAG_INDENT "                                           "

/* Writes what every setting means that can be given as a flag, and [its default]. */
void settings_flags_write(FILE *out);

#endif
