/* Writes log lines to a file descriptor, one write(2) each: logfmt or JSON, with the wall clock.
 * The default is standard output, as CometBFT's. */
#ifndef APP_LOG_WRITER_H
#define APP_LOG_WRITER_H

#include "app/settings/settings.h"
#include "base/log.h"

struct log_writer {
    int fd;
    enum log_format format;
    enum log_level level; /* of its logs, also of those made before it changes */
    const char *home; /* one more field of every line, where one process runs several; else NULL */
    bool is_journal;  /* a line begins with its level as systemd's journal reads it, "<6>" */
};

/* Whether fd leads to the journal ($JOURNAL_STREAM). */
bool log_writer_is_journal(int fd);
/* Borrows writer, which must outlive the log. Lines that cannot be written are lost. */
struct log log_writer_log(const struct log_writer *writer);

#endif
