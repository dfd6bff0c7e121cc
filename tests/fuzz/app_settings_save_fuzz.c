/* core/app/settings/settings_save.h: whatever a config.toml looks like, an edit changes one setting
 * or nothing. */
#include "app/settings/settings_save.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const names[] = {"moniker", "p2p.pex", "pex.dial_rate", "p2p.seeds"};
    static const char *const values[] = {"new \"name\"", "false", "12", ""};
    char cause[SETTINGS_SAVE_CAUSE_MAX];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *edited = NULL;
        if (settings_edit(
                span_of(data, n), setting_find_name(names[i]), values[i], &edited, cause) == ERR_OK)
            free(edited);
    }
    return 0;
}
