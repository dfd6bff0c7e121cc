/* Writes one setting back into a config.toml: its line changes, every comment and every other line
 * stays. */
#ifndef APP_SETTINGS_SAVE_H
#define APP_SETTINGS_SAVE_H

#include "app/settings/settings_value.h"
#include "base/span.h"
#include "crypto/peer_id.h"

#define SETTINGS_SAVE_CAUSE_MAX 1024

/* The text with the setting at this value (as setting_text writes it); heap. A key that is missing
 * is added to its section. ERR_INVALID: not TOML, or written in a way that must be edited by hand
 * (over several lines); ERR_NO_MEMORY. cause is a sentence. */
enum err settings_edit(struct span text, const struct setting *setting, const char *value,
    char **edited, char cause[SETTINGS_SAVE_CAUSE_MAX]);

/* The same to the file at path, all at once, which keeps its mode. Of a symbolic link the target
 * changes. Also ERR_IO ... */
enum err settings_save(const char *path, const struct setting *setting, const char *value,
    char cause[SETTINGS_SAVE_CAUSE_MAX]);

/* Of a list of addresses only the one of this ID (settings_list_with). A file that says so already
 * is not touched. */
enum err settings_save_entry(const char *path, const struct setting *setting,
    const struct peer_id *id, const char *entry, char cause[SETTINGS_SAVE_CAUSE_MAX]);

#endif
