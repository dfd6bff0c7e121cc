/* Environment variables that set settings: LUAPEX_P2P_LADDR, CMT_P2P_LADDR, TM_P2P_LADDR for
 * p2p.laddr, asked in this order. An empty one counts as not set, as it does for CometBFT. */
#ifndef APP_SETTINGS_VARIABLE_H
#define APP_SETTINGS_VARIABLE_H

#include "app/settings/settings_table.h"

#define SETTINGS_VARIABLE_MAX (SETTING_NAME_MAX + 8) /* longest name with terminator */
#define SETTINGS_HOME_VARIABLE "LUAPEX_HOME"         /* the home; no setting */

/* The value of the first variable that sets it, with its name; NULL: none does. */
const char *settings_variable(
    char *const *environment, const struct setting *setting, char name[SETTINGS_VARIABLE_MAX]);
/* The flag or variable that a setting was started with, and that outranks config.toml whenever it
 * is given: "--p2p.laddr", "CMT_P2P_LADDR". NULL: neither. */
const char *settings_outranked_by(const struct settings *settings, const struct setting *setting,
    char *const *environment, char name[SETTINGS_VARIABLE_MAX]);
/* Whether "NAME=VALUE" has our prefix and is nearly, but not quite, the variable of a setting. */
bool settings_variable_is_slip(
    const char *variable, char name[SETTINGS_VARIABLE_MAX], char meant[SETTINGS_VARIABLE_MAX]);

#endif
