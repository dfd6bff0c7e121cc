/* node_key.json: what is read is written again as the same key. Input: a file. */
#include "crypto/node_key.h"

#include <stdlib.h>

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(crypto_init());
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct node_key key, again;
    char json[NODE_KEY_JSON_MAX];
    const char *why = NULL;
    enum err err = node_key_from_json(span_of(bytes, n), &key, &why);
    require(err == ERR_OK ? why == NULL : err == ERR_CORRUPT && why != NULL);
    if (err)
        return 0;
    size_t size = node_key_to_json(&key, json);
    require(size < sizeof json && json[size] == 0);
    require(node_key_from_json(span_of(json, size), &again, &why) == ERR_OK);
    require(memcmp(&key, &again, sizeof key) == 0);
    return 0;
}
