/* What the operations VM is made of. For the files of this folder only. */
#ifndef OPS_STATE_H
#define OPS_STATE_H

#include "ops/luavm.h"
#include "ops/ops.h"

struct control_request;

struct watch {
    struct ops *ops;
    ops_changed changed;
    void *context;
    char *path;
};

struct ops {
    struct luavm vm;
    uv_loop_t *loop;
    struct log log;
    bool is_closing;
    struct watch watches[OPS_WATCHES_MAX];
    struct control_request *requests; /* not answered yet */
};

/* Logs the error on top of the stack, and leaves it there. */
void ops_log_failure(const struct ops *ops, const char *event);
/* Nobody hears the answers any more. */
void control_orphan(struct ops *ops);

#endif
