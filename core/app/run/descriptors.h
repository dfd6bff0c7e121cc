/* The descriptors that a node may come to hold, by the setting that asks for them. */
#ifndef APP_DESCRIPTORS_H
#define APP_DESCRIPTORS_H

#include "app/settings/settings.h"
#include "uv/limits.h"

#define DESCRIPTOR_USES 7

void descriptors_of(const struct settings *settings, struct limits_use uses[DESCRIPTOR_USES]);

#endif
