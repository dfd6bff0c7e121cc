#include "app/settings/settings_variable.h"

#include "base/nearest.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const prefixes[] = {"LUAPEX_", "CMT_", "TM_"};

static void variable_name(
    const struct setting *setting, const char *prefix, char out[SETTINGS_VARIABLE_MAX])
{
    snprintf(out, SETTINGS_VARIABLE_MAX, "%s%s", prefix, setting_name(setting));
    for (char *at = out; *at; at++)
        *at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
}

static const char *value_of(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return (*environment)[n + 1] ? *environment + n + 1 : NULL;
    return NULL;
}

const char *settings_variable(
    char *const *environment, const struct setting *setting, char name[SETTINGS_VARIABLE_MAX])
{
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        variable_name(setting, prefixes[i], name);
        const char *value = value_of(environment, name);
        if (value)
            return value;
    }
    return NULL;
}

const char *settings_outranked_by(const struct settings *settings, const struct setting *setting,
    char *const *environment, char name[SETTINGS_VARIABLE_MAX])
{
    switch (settings->sources[setting - settings_table]) {
    case FROM_FLAG:
        snprintf(name, SETTINGS_VARIABLE_MAX, "--%s", setting_name(setting));
        return name;
    case FROM_VARIABLE:
        return settings_variable(environment, setting, name) ? name : NULL;
    default:
        return NULL;
    }
}

bool settings_variable_is_slip(
    const char *variable, char name[SETTINGS_VARIABLE_MAX], char meant[SETTINGS_VARIABLE_MAX])
{
    snprintf(name, SETTINGS_VARIABLE_MAX, "%.*s", (int)strcspn(variable, "="), variable);
    if (strncmp(name, prefixes[0], strlen(prefixes[0])) != 0 ||
        strcmp(name, SETTINGS_HOME_VARIABLE) == 0)
        return false;
    const struct setting *nearest = NULL;
    unsigned best = nearest_slip_max(name + strlen(prefixes[0])) + 1;
    for (size_t i = 0; i < settings_table_n; i++) {
        variable_name(&settings_table[i], prefixes[0], meant);
        unsigned distance = edit_distance(name, meant, best);
        if (distance < best) {
            best = distance;
            nearest = &settings_table[i];
        }
    }
    if (!nearest || best == 0)
        return false;
    variable_name(nearest, prefixes[0], meant);
    return true;
}
