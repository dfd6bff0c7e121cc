/* What the parts of a node are made from, taken from its settings: the fields that settings decide
 * are set, all others keep what they hold. */
#ifndef APP_SETTINGS_PARTS_H
#define APP_SETTINGS_PARTS_H

#include "app/settings/settings.h"
#include "book/book.h"
#include "uv/host.h"

/* Lists are borrowed from settings. */
void settings_of_node(const struct settings *settings, struct node_settings *node);
void settings_of_book(const struct settings *settings, struct book_settings *book);
void settings_of_host(const struct settings *settings, struct host_settings *host);

#endif
