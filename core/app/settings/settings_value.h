/* The value of one setting: from text into its field of struct settings. */
#ifndef APP_SETTINGS_VALUE_H
#define APP_SETTINGS_VALUE_H

#include "app/settings/settings_table.h"

#define SETTING_CAUSE_MAX 512
#define SETTING_TEXT_MAX 4096 /* bytes of a value that is no list */

/* Replaces the field's value. False: it is unchanged, and cause says what is wrong with text. */
bool setting_set(const struct setting *setting, struct settings *settings, const char *text,
    char cause[SETTING_CAUSE_MAX]);
/* Frees what the field holds and zeroes it. */
void setting_clear(const struct setting *setting, struct settings *settings);

/* Whether both hold the same value of it. */
bool setting_equal(
    const struct setting *setting, const struct settings *a, const struct settings *b);

/* What a value must be: "a duration from 100ms to 24h". */
char *setting_expected(const struct setting *setting, char out[SETTING_CAUSE_MAX]);
bool setting_is_list(const struct setting *setting);

#endif
