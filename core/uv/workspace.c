#include "uv/workspace.h"

#include <stdlib.h>

struct workspace *workspace_new(uv_loop_t *loop)
{
    struct workspace *workspace = calloc(1, sizeof *workspace);
    if (workspace)
        workspace->loop = loop;
    return workspace;
}

void workspace_free(struct workspace *workspace)
{
    free(workspace);
}
