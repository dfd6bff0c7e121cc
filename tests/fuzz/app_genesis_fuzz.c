/* A genesis.json: fed whole and byte by byte it gives the same. Input: a file. */
#include "app/home/genesis.h"

#include <stdlib.h>
#include <string.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct genesis_scan whole = {0}, single = {0};
    const char *text = (const char *)bytes, *whole_why, *single_why;
    char whole_id[GENESIS_CHAIN_ID_MAX + 1] = "", single_id[GENESIS_CHAIN_ID_MAX + 1] = "";
    genesis_scan_feed(&whole, text, n);
    for (size_t i = 0; i < n; i++)
        genesis_scan_feed(&single, text + i, 1);
    enum err err = genesis_scan_end(&whole, whole_id, &whole_why);
    require(err == ERR_OK || err == ERR_CORRUPT);
    require(genesis_scan_end(&single, single_id, &single_why) == err);
    require(err ? strcmp(whole_why, single_why) == 0 && *whole_id == 0 : *whole_id != 0);
    require(strcmp(whole_id, single_id) == 0);
    return 0;
}
