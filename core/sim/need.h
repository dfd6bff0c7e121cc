/* Memory for simulations: it is there, or the process ends. A node never takes memory so. */
#ifndef SIM_NEED_H
#define SIM_NEED_H

#include <stddef.h>

/* What an allocation returned, which is not NULL. */
void *need(void *memory);
void *copy_of(const void *at, size_t size);

#endif
