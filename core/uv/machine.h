/* What the core must not read itself: the clock and entropy of this machine. */
#ifndef UV_MACHINE_H
#define UV_MACHINE_H

#include "base/now.h"
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* mono_ms is the loop's own time, the one its timers go by; it stands still during a callback. */
struct now machine_now(const uv_loop_t *loop);
/* Nanoseconds that only go forward, for how long something took; `context` is not used. */
int64_t machine_clock_ns(void *context);
/* CPU time of this thread, in nanoseconds; reading it is a system call. */
int64_t machine_cpu_ns(void *context);
/* Fills n <= 256 bytes for keys; false when the machine gives none. */
bool machine_entropy(void *out, size_t n);
/* Entropy for a decision seed, where a bad one is no secret lost. */
uint64_t machine_seed(void);

#endif
