#include "uv/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

uint64_t limits_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

static uint64_t sum(const struct limits_use *uses, size_t n)
{
    uint64_t total = LIMITS_RESERVE;
    for (size_t i = 0; i < n; i++)
        total = uses[i].n > UINT64_MAX - total ? UINT64_MAX : total + uses[i].n;
    return total;
}

enum err limits_check(
    uint64_t limit, const struct limits_use *uses, size_t uses_n, char *why, size_t cap)
{
    uint64_t total = sum(uses, uses_n);
    if (total <= limit)
        return ERR_OK;
    size_t at = 0;
    for (size_t i = 0; i < uses_n && at < cap; i++)
        at += (size_t)snprintf(why + at, cap - at, "%s %" PRIu64 " + ", uses[i].setting, uses[i].n);
    if (at < cap)
        snprintf(why + at, cap - at,
            "%d for the program itself = %" PRIu64
            " open files, but the hard limit of open files (ulimit -Hn, LimitNOFILE=) is %" PRIu64
            "; lower these settings or raise the limit",
            LIMITS_RESERVE, total, limit);
    return ERR_INVALID;
}
