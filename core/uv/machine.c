#include "uv/machine.h"

#include <sys/random.h>
#include <time.h>

struct now machine_now(const uv_loop_t *loop)
{
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct now){
        .mono_ms = (int64_t)uv_now(loop),
        .wall_ms = SECONDS_MS(wall.tv_sec) + wall.tv_nsec / 1000000,
    };
}

int64_t machine_clock_ns(void *context)
{
    (void)context;
    return (int64_t)uv_hrtime();
}

int64_t machine_cpu_ns(void *context)
{
    (void)context;
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

bool machine_entropy(void *out, size_t n)
{
    return n <= 256 && getrandom(out, n, 0) == (ssize_t)n;
}

uint64_t machine_seed(void)
{
    uint64_t seed;
    return machine_entropy(&seed, sizeof seed) ? seed : uv_hrtime();
}
