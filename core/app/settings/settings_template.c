#include "app/settings/settings_template.h"

#include "app/settings/settings_value.h"
#include "app/text/wrap.h"
#include <string.h>

static bool is_quoted(const struct setting *setting)
{
    return setting->type != SETTING_BOOLEAN && setting->type != SETTING_INTEGER;
}

static void write_value(FILE *out, const struct setting *setting, const char *text)
{
    if (!is_quoted(setting)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *at = text; *at; at++) {
        if (*at == '"' || *at == '\\')
            fputc('\\', out);
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            fprintf(out, "\\u%04x", (unsigned)*at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

/* "An integer from 0 to 100000 (peers). Default: 40." for what has a range, else the default. */
static void write_range(FILE *out, const struct setting *setting)
{
    char expected[SETTING_CAUSE_MAX];
    fputs("# ", out);
    if (setting->type == SETTING_INTEGER || setting->type == SETTING_DURATION) {
        setting_expected(setting, expected);
        fprintf(out, "A%s. ", expected + 1);
    }
    if (!setting->initial) {
        fputs("Default: the host name.\n", out);
    } else {
        fputs("Default: ", out);
        write_value(out, setting, setting->initial);
        fputs(".\n", out);
    }
}

static const char *value_of(
    const struct setting *setting, const struct settings_override *values, size_t values_n)
{
    const char *value = setting->initial;
    for (size_t i = 0; i < values_n; i++)
        if (setting_find_name(values[i].name) == setting)
            value = values[i].value;
    return value;
}

static void write_section(FILE *out, const struct settings_section *section,
    const struct settings_override *values, size_t values_n)
{
    if (section->doc) {
        fputc('\n', out);
        wrap_write(out, "# ", "# ", section->doc);
        fprintf(out, "[%s]\n", section->name);
    }
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->is_unused || strcmp(setting->section, section->name) != 0)
            continue;
        const char *value = value_of(setting, values, values_n);
        fputc('\n', out);
        wrap_write(out, "# ", "# ", setting->doc);
        write_range(out, setting);
        fprintf(out, "%s%s = ", value ? "" : "# ", setting->key);
        write_value(out, setting, value ? value : "");
        fputc('\n', out);
    }
}

void settings_template_write(FILE *out, const struct settings_override *values, size_t values_n)
{
    fputs(
        "# Settings of a luapex node, in TOML. A flag (--p2p.laddr ...) comes before a variable\n"
        "# (LUAPEX_P2P_LADDR ...), that before this file, and this file before the defaults.\n"
        "# Relative paths begin at the home directory. Durations are written \"100ms\", \"30s\",\n"
        "# \"1h30m\". The sections of a CometBFT config.toml may stand here too; only those\n"
        "# that luapex knows are read.\n",
        out);
    for (size_t i = 0; i < settings_sections_n; i++)
        if (i == 0 || settings_sections[i].doc)
            write_section(out, &settings_sections[i], values, values_n);
}

void settings_flags_write(FILE *out)
{
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        if (setting->is_unused)
            continue;
        if (i > 0 && strcmp(setting->section, settings_table[i - 1].section) != 0)
            fputc('\n', out);
        char left[FLAG_COLUMN + SETTING_NAME_MAX], doc[SETTING_CAUSE_MAX];
        snprintf(left, sizeof left, FLAG_LEFT, setting_name(setting));
        int n = snprintf(doc, sizeof doc, "%.400s", setting->doc);
        if (setting->initial && *setting->initial)
            snprintf(doc + n, sizeof doc - (size_t)n, " [%s%s%s]", setting->initial,
                setting->unit ? " " : "", setting->unit ? setting->unit : "");
        wrap_write(out, left, FLAG_INDENT, doc);
    }
}
