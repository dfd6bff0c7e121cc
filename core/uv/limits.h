/* How many descriptors the process may open, and whether the settings fit in. */
#ifndef UV_LIMITS_H
#define UV_LIMITS_H

#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

/* For everything that no setting counts: standard streams, the loop, workers, listeners, files. */
#define LIMITS_RESERVE 64

struct limits_use {
    const char *setting; /* its name, such as "p2p.max_num_inbound_peers" */
    uint64_t n;          /* descriptors it asks for */
};

/* Raises the soft limit of open files to the hard one and returns the limit now in force. */
uint64_t limits_raise(void);
/* ERR_INVALID when the uses and the reserve exceed `limit`; why then gets a sentence that names the
 * limit and every setting with its number. */
enum err limits_check(
    uint64_t limit, const struct limits_use *uses, size_t uses_n, char *why, size_t cap);

#endif
