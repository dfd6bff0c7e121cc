/* Memory of large tables: zeroed, and taken from the machine as it is touched.
 *
 * From TABLE_LARGE bytes on it begins at a huge page and asks for such pages, so that a random
 * access costs one miss and not three. Smaller tables, and so every book of Tendermint's size, stay
 * with the allocator: many of them in one process shall not take whole huge pages each. */
#ifndef BASE_TABLES_H
#define BASE_TABLES_H

#include <stddef.h>

#define TABLE_LARGE ((size_t)4 << 20)

/* n records of `size` bytes, or NULL. */
void *table_take(size_t n, size_t size);
/* With the same n and size; NULL is fine. */
void table_free(void *table, size_t n, size_t size);

#endif
