/* Lists of the settings as text: items with commas between them. */
#ifndef APP_SETTINGS_LIST_H
#define APP_SETTINGS_LIST_H

#include "base/span.h"
#include "crypto/peer_id.h"

/* Cuts the next item off *rest, without blanks around it; at the end of the list at == NULL. */
struct span settings_list_take(const char **rest);

/* A list of addresses in which `entry` stands for this ID: where an address of the ID was, else at
 * the end. entry NULL: the ID is in it no more. All others stay as they are written. Heap; NULL:
 * out of memory. */
char *settings_list_with(const char *list, const struct peer_id *id, const char *entry);

#endif
