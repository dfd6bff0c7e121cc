/* How much time a call has used, and whether that is too much. Private to core/script and to the
 * prompt of the operator, as vm.h is.
 *
 * What counts is CPU time: a machine that lets the thread wait blows no fuse. Asking for it is a
 * system call, which a call of a microsecond must not pay for. So the monotonic clock stands for it
 * until a quarter of settings.fuse_ms has passed. What passes beyond that quarter before the first
 * look, because the machine stalls or one function takes long, is forgiven; the rest counts. */
#ifndef SCRIPT_FUSE_H
#define SCRIPT_FUSE_H

#include "script/script.h"

#define FUSE_NONE INT64_MAX /* a budget: however long */

struct fuse {
    const struct script_settings *settings; /* borrowed: the clocks */
    int64_t budget_ns;
    int64_t begin_ns; /* by the monotonic clock */
    int64_t look_ns;  /* by the same: until then it cannot be blown */
    int64_t cpu_ns;   /* by the CPU clock of the thread: when nothing was used yet */
    bool counts_cpu;  /* cpu_ns is known */
};

/* Time begins. */
void fuse_light(struct fuse *fuse, const struct script_settings *settings, int64_t budget_ns);
bool fuse_is_blown(struct fuse *fuse);
/* What comes next counts in full: for what may take long without a look at the fuse. */
void fuse_count(struct fuse *fuse);
int64_t fuse_used_ns(const struct fuse *fuse);

#endif
