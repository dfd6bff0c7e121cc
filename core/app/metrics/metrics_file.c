#include "app/metrics/metrics_file.h"

#include "ops/file.h"
#include <stdio.h>
#include <stdlib.h>

static enum err write_file(
    const char *path, const struct metrics_node *nodes, size_t n, char *cause)
{
    char *text;
    size_t text_n;
    snprintf(cause, FILE_CAUSE_MAX, "out of memory");
    enum err err = metrics_text(nodes, n, &text, &text_n);
    if (err)
        return err;
    err = file_replace(path, 0644, text, text_n, cause);
    free(text);
    return err;
}

void metrics_file_write(const struct member *members, size_t n, const struct log *log)
{
    struct metrics_node nodes[MEMBERS_MAX];
    size_t nodes_n = 0;
    for (size_t i = 0; i < n; i++)
        nodes_n += member_metrics(&members[i], &nodes[nodes_n]);
    char cause[FILE_CAUSE_MAX];
    char *path = settings_path(&members[0].settings, METRICS_FILE);
    if (!path)
        return;
    if (write_file(path, nodes, nodes_n, cause) == ERR_OK)
        log_write(log, LOG_INFO, "metrics written", LOG_TEXT("file", path));
    else
        log_write(log, LOG_ERROR, "metrics not written", LOG_TEXT("file", path),
            LOG_TEXT("error", cause));
    free(path);
}
