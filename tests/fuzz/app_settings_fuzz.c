/* One setting from text: what is taken can be taken again and freed, what is refused has a cause.
 * Input: a byte that chooses the setting, and its value. */
#include "app/settings/settings.h"

#include "app/settings/settings_table.h"
#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0 || n > 65536)
        return 0;
    char *value = malloc(n);
    require(value != NULL);
    memcpy(value, bytes + 1, n - 1);
    value[n - 1] = 0;
    const char *name = setting_name(&settings_table[bytes[0] % settings_table_n]);
    const struct settings_override flags[] = {{name, value}, {name, value}};
    struct settings settings;
    struct settings_problems problems;
    enum err err = settings_load(NULL, NULL, flags, 2, &settings, &problems);
    require(err == ERR_OK ? problems.errors_n == 0 : err == ERR_INVALID && problems.errors_n > 0);
    for (unsigned i = 0; i < problems.n; i++)
        require(*problems.items[i].where && *problems.items[i].cause);
    if (!err)
        settings_free(&settings);
    free(value);
    return 0;
}
