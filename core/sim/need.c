#include "sim/need.h"

#include <stdlib.h>
#include <string.h>

void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

void *copy_of(const void *at, size_t size)
{
    void *copy = need(malloc(size ? size : 1));
    if (size > 0)
        memcpy(copy, at, size);
    return copy;
}
