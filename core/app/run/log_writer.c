#include "app/run/log_writer.h"

#include "base/now.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return SECONDS_MS(now.tv_sec) + now.tv_nsec / 1000000;
}

bool log_writer_is_journal(int fd)
{
    char device_and_inode[48];
    struct stat of;
    const char *stream = getenv("JOURNAL_STREAM");
    if (!stream || fstat(fd, &of) != 0)
        return false;
    snprintf(device_and_inode, sizeof device_and_inode, "%ju:%ju", (uintmax_t)of.st_dev,
        (uintmax_t)of.st_ino);
    return strcmp(stream, device_and_inode) == 0;
}

static const char journal_levels[] = {
    [LOG_DEBUG] = '7', [LOG_INFO] = '6', [LOG_ERROR] = '3', [LOG_NONE] = '6'};

static void write_line(void *context, const struct log_line *built)
{
    const struct log_writer *writer = context;
    struct log_line named = *built;
    const struct log_line *line = &named;
    char text[LINE_MAX_BYTES + 1];
    if (writer->home && named.fields_n < LOG_FIELDS_MAX)
        named.fields[named.fields_n++] = LOG_TEXT("home", writer->home);
    unsigned n = writer->is_journal
        ? (unsigned)snprintf(text, sizeof text, "<%c>", journal_levels[line->level])
        : 0;
    n += writer->format == LOG_FORMAT_JSON
        ? log_line_json(line, wall_ms(), text + n, LINE_MAX_BYTES - n)
        : log_line_logfmt(line, wall_ms(), text + n, LINE_MAX_BYTES - n);
    text[n++] = '\n';
    ssize_t written = write(writer->fd, text, n);
    (void)written;
}

struct log log_writer_log(const struct log_writer *writer)
{
    return (struct log){.level = writer->level,
        .shared_level = &writer->level,
        .write = write_line,
        .context = (void *)writer};
}
