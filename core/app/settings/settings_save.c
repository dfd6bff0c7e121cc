#include "app/settings/settings_save.h"

#include "app/settings/settings_list.h"
#include "ops/file.h"
#include "ops/toml.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

__attribute__((format(printf, 3, 4))) static enum err fail(
    char *cause, enum err err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, SETTINGS_SAVE_CAUSE_MAX, format, arguments);
    va_end(arguments);
    return err;
}

/* ---- what is in a file ---- */

/* Where the setting is, and a sum over all others, by which two files are compared. */
struct survey {
    const struct setting *setting;
    unsigned line; /* 0: it is not there */
    unsigned found;
    const char *expected; /* its value; NULL: any */
    bool is_expected;
    uint64_t others;
};

static void mix(uint64_t *sum, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        *sum = (*sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3u;
    *sum = (*sum ^ 0x100) * 0x100000001b3u;
}

static bool is_value_of(const struct toml_value *value, const struct setting *setting)
{
    return strcmp(value->section, setting->section) == 0 && strcmp(value->key, setting->key) == 0;
}

static void see(void *context, const struct toml_value *value)
{
    struct survey *survey = context;
    if (is_value_of(value, survey->setting)) {
        survey->found++;
        survey->line = value->line;
        survey->is_expected =
            !survey->expected || span_equal(value->text, span_of_text(survey->expected));
        return;
    }
    mix(&survey->others, value->section, strlen(value->section));
    mix(&survey->others, value->key, strlen(value->key));
    mix(&survey->others, &value->kind, sizeof value->kind);
    mix(&survey->others, value->text.at, value->text.n);
}

static enum err survey(struct span text, const struct setting *setting, const char *expected,
    struct survey *made, char *cause)
{
    struct toml_problem problem;
    *made = (struct survey){.setting = setting, .expected = expected};
    enum err err = toml_read(text, see, made, &problem);
    return err ? fail(cause, err, "line %u: %s", problem.line, problem.cause) : ERR_OK;
}

/* ---- one line ---- */

static const char *line_at(const char *text, unsigned line)
{
    while (--line > 0)
        text = strchr(text, '\n') + 1;
    return text;
}

/* The end of the value at `at`, on its line; NULL: it goes on on the next. */
static const char *value_end(const char *at)
{
    if (*at != '"' && *at != '\'')
        return *at == '[' || *at == '{' ? NULL : at + strcspn(at, " \t\r\n#");
    char quote = *at;
    if (at[1] == quote && at[2] == quote)
        return NULL;
    for (at++; *at && *at != quote; at++)
        at += quote == '"' && *at == '\\' && at[1];
    return *at ? at + 1 : NULL;
}

static bool is_quoted(const struct setting *setting)
{
    return setting->type != SETTING_INTEGER && setting->type != SETTING_BOOLEAN;
}

static void put_value(FILE *out, const struct setting *setting, const char *value)
{
    if (!is_quoted(setting)) {
        fputs(value, out);
        return;
    }
    fputc('"', out);
    for (; *value; value++)
        fprintf(out, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    fputc('"', out);
}

static enum err replace(
    FILE *out, const char *text, const struct survey *old, const char *value, char *cause)
{
    const char *line = line_at(text, old->line);
    const char *from = line + strcspn(line, "=\n");
    from += *from == '=';
    from += strspn(from, " \t");
    const char *to = value_end(from);
    if (!to)
        return fail(cause, ERR_INVALID,
            "line %u: the value goes over several lines; edit it by hand", old->line);
    fwrite(text, 1, (size_t)(from - text), out);
    put_value(out, old->setting, value);
    fputs(to, out);
    return ERR_OK;
}

/* ---- a line that is missing ---- */

static bool is_header(const char *line, const char *section)
{
    size_t n = strlen(section);
    line += strspn(line, " \t");
    if (*line++ != '[')
        return false;
    line += strspn(line, " \t");
    if (strncmp(line, section, n) != 0)
        return false;
    line += n;
    return line[strspn(line, " \t")] == ']';
}

/* Behind the header of the section; for the top level the beginning; NULL: there is no header. */
static const char *place_for(const char *text, const char *section)
{
    if (!*section)
        return text;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (is_header(line, section))
            return line + strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
    }
    return NULL;
}

static void insert(FILE *out, const char *text, const struct setting *setting, const char *value)
{
    const char *place = place_for(text, setting->section);
    size_t n = place ? (size_t)(place - text) : strlen(text);
    fwrite(text, 1, n, out);
    if (n > 0 && text[n - 1] != '\n')
        fputc('\n', out);
    if (!place)
        fprintf(out, "\n[%s]\n", setting->section);
    fprintf(out, "%s = ", setting->key);
    put_value(out, setting, value);
    fputc('\n', out);
    fputs(text + n, out);
}

/* ---- the whole ---- */

/* That nothing else has changed, whatever the file looks like. */
static enum err check(const struct survey *old, const char *edited, const char *value, char *cause)
{
    struct survey now;
    enum err err = survey(span_of_text(edited), old->setting, value, &now, cause);
    if (err)
        return err;
    if (now.found != 1 || !now.is_expected || now.others != old->others)
        return fail(cause, ERR_INVALID,
            "%s is written in a way that only a person can change; edit it by hand",
            setting_name(old->setting));
    return ERR_OK;
}

static char *copy_of(struct span text)
{
    char *copy = malloc(text.n + 1);
    if (!copy)
        return NULL;
    if (text.n > 0)
        memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    return copy;
}

enum err settings_edit(struct span text, const struct setting *setting, const char *value,
    char **edited, char cause[SETTINGS_SAVE_CAUSE_MAX])
{
    struct survey old;
    char *whole = copy_of(text), *made = NULL;
    size_t n;
    FILE *out = whole ? open_memstream(&made, &n) : NULL;
    enum err err = out ? survey(text, setting, NULL, &old, cause)
                       : fail(cause, ERR_NO_MEMORY, "out of memory");
    if (!err && old.found > 0)
        err = replace(out, whole, &old, value, cause);
    else if (!err)
        insert(out, whole, setting, value);
    if (out && fclose(out) != 0 && !err)
        err = fail(cause, ERR_NO_MEMORY, "out of memory");
    if (!err)
        err = check(&old, made, value, cause);
    if (err)
        free(made);
    else
        *edited = made;
    free(whole);
    return err;
}

/* ---- files ---- */

/* The text that a file gives a setting. */
struct reading {
    const struct setting *setting;
    char *text; /* heap; NULL: none */
};

static void read_value(void *context, const struct toml_value *value)
{
    struct reading *reading = context;
    if (!reading->text && is_value_of(value, reading->setting))
        reading->text = copy_of(value->text);
}

static enum err replace_file(const char *path, const char *edited, char *why)
{
    struct stat info;
    mode_t mode = stat(path, &info) == 0 ? info.st_mode & 07777 : 0600;
    char *target = realpath(path, NULL); /* a link stays one */
    enum err err = file_replace(target ? target : path, mode, edited, strlen(edited), why);
    free(target);
    return err;
}

static enum err save(
    const char *path, struct span text, const struct setting *setting, const char *value, char *why)
{
    char *edited;
    enum err err = settings_edit(text, setting, value, &edited, why);
    if (err)
        return err;
    err = replace_file(path, edited, why);
    free(edited);
    return err;
}

enum err settings_save(const char *path, const struct setting *setting, const char *value,
    char cause[SETTINGS_SAVE_CAUSE_MAX])
{
    char why[SETTINGS_SAVE_CAUSE_MAX] = "";
    struct file_text file;
    enum err err = file_read(path, SETTINGS_FILE_MAX, false, &file, why);
    if (!err) {
        err = save(path, span_of(file.text, file.n), setting, value, why);
        free(file.text);
    }
    return err ? fail(cause, err, "%.300s: %.600s", path, why) : ERR_OK;
}

static enum err save_entry(const char *path, struct span text, const struct setting *setting,
    const struct peer_id *id, const char *entry, char *why)
{
    struct reading reading = {setting, NULL};
    struct toml_problem problem;
    enum err err = toml_read(text, read_value, &reading, &problem);
    if (err)
        return fail(why, err, "line %u: %s", problem.line, problem.cause);
    const char *list = reading.text ? reading.text : "";
    char *changed = settings_list_with(list, id, entry);
    if (!changed)
        err = fail(why, ERR_NO_MEMORY, "out of memory");
    else if (strcmp(changed, list) != 0)
        err = save(path, text, setting, changed, why);
    free(changed);
    free(reading.text);
    return err;
}

enum err settings_save_entry(const char *path, const struct setting *setting,
    const struct peer_id *id, const char *entry, char cause[SETTINGS_SAVE_CAUSE_MAX])
{
    char why[SETTINGS_SAVE_CAUSE_MAX] = "";
    struct file_text file;
    enum err err = file_read(path, SETTINGS_FILE_MAX, false, &file, why);
    if (!err) {
        err = save_entry(path, span_of(file.text, file.n), setting, id, entry, why);
        free(file.text);
    }
    return err ? fail(cause, err, "%.300s: %.600s", path, why) : ERR_OK;
}
