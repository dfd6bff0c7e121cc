#include "app/trace/trace_input.h"

#include "app/home/tags_file.h"
#include "app/text/complain.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum err read_file(void *context, uint64_t at, uint8_t *into, size_t n)
{
    const struct trace_input *input = context;
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(input->fd, into + done, n - done, (off_t)(at + done));
        if (got == 0)
            return ERR_TRUNCATED; /* it has become shorter */
        if (got < 0 && errno != EINTR)
            return ERR_IO;
        done += got > 0 ? (size_t)got : 0;
    }
    return ERR_OK;
}

/* Why it is no trace, before anything is read; NULL: it may be one. */
static const char *refusal_of(const struct stat *about)
{
    if (S_ISDIR(about->st_mode))
        return "a folder; give the file in it";
    if (!S_ISREG(about->st_mode))
        return "not a plain file";
    return about->st_size == 0 ? "empty: nothing was recorded into it" : NULL;
}

static const char *refusal_by_system(int error)
{
    if (error == EACCES || error == EPERM)
        return "no permission to read it; a trace is for the user that its node runs as";
    return strerror(error);
}

bool trace_input_open(const char *path, struct trace_input *input, char *cause)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    const char *refusal =
        fd < 0 || fstat(fd, &about) != 0 ? refusal_by_system(errno) : refusal_of(&about);
    if (refusal) {
        snprintf(cause, TRACE_CAUSE_MAX, "%s: %s", path, refusal);
        if (fd >= 0)
            close(fd);
        return false;
    }
    *input = (struct trace_input){.fd = fd};
    input->source = (struct trace_source){read_file, input, (uint64_t)about.st_size};
    return true;
}

bool trace_input_tags(const struct flags *flags, struct tags **tags)
{
    char cause[TRACE_CAUSE_MAX] = "out of memory";
    const char *path = flags_value(flags, "tags");
    *tags = NULL;
    if (!path || tags_file_load(path, tags, cause, sizeof cause) == ERR_OK)
        return true;
    complain("luapex: error: %s", cause);
    return false;
}

void trace_input_close(struct trace_input *input)
{
    close(input->fd);
}

static void explain_format(const char *path, const struct trace_header *header, char *cause)
{
    const char *writer = *header->version ? header->version : "of another version";
    snprintf(cause, TRACE_CAUSE_MAX,
        "%s: written by luapex %.100s in trace format %" PRIu32 ", and luapex " LUAPEX_VERSION
        " reads format %d; read it with the luapex that wrote it",
        path, writer, header->format, TRACE_FORMAT);
}

void trace_input_warn(const char *path, const struct replay_report *report)
{
    if (report->has_other_tags)
        complain("luapex: warning: %s: its node had other tags than those given", path);
}

void trace_input_explain(const char *path, enum err err, const struct trace_input *input,
    const struct replay_report *report, char *cause)
{
    struct trace_reader reader;
    struct trace_header header;
    unsigned long long at = (unsigned long long)report->at;
    bool opens = trace_open(&reader, input->source, &header) == ERR_OK;
    trace_close(&reader);
    if (opens && header.format != TRACE_FORMAT)
        explain_format(path, &header, cause);
    else if (err == ERR_INVALID && opens)
        snprintf(cause, TRACE_CAUSE_MAX,
            "%s: its node had too many tags for them to be in the trace; give the file that "
            "[policy] tags named with --tags",
            path);
    else if (err == ERR_INVALID)
        snprintf(cause, TRACE_CAUSE_MAX, "%s: not a trace", path);
    else if (err == ERR_TRUNCATED)
        snprintf(cause, TRACE_CAUSE_MAX,
            "%s: ends in the middle of a record, at byte %llu: its node was killed, or still "
            "writes it",
            path, at);
    else if (err == ERR_CORRUPT)
        snprintf(cause, TRACE_CAUSE_MAX, "%s: damaged at byte %llu", path, at);
    else if (err == ERR_NOT_FOUND)
        snprintf(cause, TRACE_CAUSE_MAX, "%s: there is no such segment in it", path);
    else
        snprintf(cause, TRACE_CAUSE_MAX, "%s: %s", path, err_text(err));
}

struct script_settings trace_script_settings(void)
{
    struct script_settings settings = script_settings_default();
    settings.clock_ns = script_still_clock;
    settings.log = (struct log){.level = LOG_NONE};
    return settings;
}

void trace_script_explain(const struct script_error *error, const char *path, char *cause)
{
    const char *file = *error->file ? error->file : path;
    if (error->line > 0)
        snprintf(cause, TRACE_CAUSE_MAX, "%s:%d: %s", file, error->line, error->message);
    else if (strncmp(error->message, path, strlen(path)) == 0) /* it names the file */
        snprintf(cause, TRACE_CAUSE_MAX, "%s", error->message);
    else
        snprintf(cause, TRACE_CAUSE_MAX, "%s: %s", path, error->message);
    text_make_ascii(cause); /* a script's words reach a terminal */
}

char *trace_time_text(int64_t wall_ms, char text[TRACE_TIME_TEXT])
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm parts;
    size_t n = 0;
    if (wall_ms >= 0 && gmtime_r(&seconds, &parts))
        n = strftime(text, TRACE_TIME_TEXT - 6, "%Y-%m-%dT%H:%M:%S", &parts);
    if (n > 0)
        snprintf(text + n, TRACE_TIME_TEXT - n, ".%03uZ", (unsigned)(wall_ms % 1000));
    else
        snprintf(text, TRACE_TIME_TEXT, "%lld", (long long)wall_ms);
    return text;
}
