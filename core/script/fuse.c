#include "script/fuse.h"

#define TRUST 4 /* part of a call's fuse that the monotonic clock may stand for */

static int64_t clock_ns(const struct fuse *fuse)
{
    return fuse->settings->clock_ns(fuse->settings->clock_context);
}

static int64_t cpu_ns(const struct fuse *fuse)
{
    return fuse->settings->cpu_ns(fuse->settings->clock_context);
}

static int64_t trusted_ns(const struct fuse *fuse)
{
    return (int64_t)fuse->settings->fuse_ms * 1000000 / TRUST;
}

static int64_t used_ns(const struct fuse *fuse, int64_t now_ns)
{
    int64_t passed_ns = now_ns - fuse->begin_ns;
    if (!fuse->settings->cpu_ns)
        return passed_ns;
    if (fuse->counts_cpu)
        return cpu_ns(fuse) - fuse->cpu_ns;
    return passed_ns < trusted_ns(fuse) ? passed_ns : trusted_ns(fuse);
}

void fuse_light(struct fuse *fuse, const struct script_settings *settings, int64_t budget_ns)
{
    *fuse = (struct fuse){.settings = settings, .budget_ns = budget_ns};
    fuse->begin_ns = clock_ns(fuse);
    fuse->look_ns = fuse->begin_ns + trusted_ns(fuse);
}

void fuse_count(struct fuse *fuse)
{
    if (fuse->counts_cpu || !fuse->settings->cpu_ns)
        return;
    fuse->cpu_ns = cpu_ns(fuse) - used_ns(fuse, clock_ns(fuse));
    fuse->counts_cpu = true;
}

bool fuse_is_blown(struct fuse *fuse)
{
    int64_t now_ns = clock_ns(fuse);
    if (now_ns <= fuse->look_ns)
        return false;
    fuse_count(fuse);
    int64_t left_ns = fuse->budget_ns - used_ns(fuse, now_ns);
    fuse->look_ns = left_ns < FUSE_NONE - now_ns ? now_ns + left_ns : FUSE_NONE;
    return left_ns <= 0;
}

int64_t fuse_used_ns(const struct fuse *fuse)
{
    return used_ns(fuse, clock_ns(fuse));
}
