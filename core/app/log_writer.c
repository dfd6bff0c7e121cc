#include "app/log_writer.h"

#include "base/now.h"
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return SECONDS_MS(now.tv_sec) + now.tv_nsec / 1000000;
}

static void write_line(void *context, const struct log_line *built)
{
    const struct log_writer *writer = context;
    struct log_line named = *built;
    const struct log_line *line = &named;
    char text[LINE_MAX_BYTES + 1];
    if (writer->home && named.fields_n < LOG_FIELDS_MAX)
        named.fields[named.fields_n++] = LOG_TEXT("home", writer->home);
    unsigned n = writer->format == LOG_FORMAT_JSON
        ? log_line_json(line, wall_ms(), text, LINE_MAX_BYTES)
        : log_line_logfmt(line, wall_ms(), text, LINE_MAX_BYTES);
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
