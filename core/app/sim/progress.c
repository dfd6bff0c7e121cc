#include "app/sim/progress.h"

#include "uv/machine.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define EVERY_NS INT64_C(200000000)

void progress_open(struct progress *progress)
{
    *progress = (struct progress){.is_shown = isatty(STDERR_FILENO)};
}

void progress_tell(struct progress *progress, const char *format, ...)
{
    if (!progress->is_shown)
        return;
    int64_t now_ns = machine_clock_ns(NULL);
    if (progress->drawn_ns > 0 && now_ns - progress->drawn_ns < EVERY_NS)
        return;
    va_list arguments;
    va_start(arguments, format);
    fputs("\r", stderr);
    vfprintf(stderr, format, arguments);
    fputs("\x1b[K", stderr);
    va_end(arguments);
    progress->drawn_ns = now_ns;
}

void progress_clear(struct progress *progress)
{
    if (progress->drawn_ns > 0)
        fputs("\r\x1b[K", stderr);
    progress->drawn_ns = 0;
}
