#include "crypto/peer_id.h"

#include "crypto/hash.h"

struct peer_id peer_id_of_key(const uint8_t public_key[32])
{
    uint8_t digest[32];
    struct peer_id id;
    sha256(span_of(public_key, 32), digest);
    memcpy(id.bytes, digest, sizeof id.bytes);
    return id;
}

static bool hex_digit(uint8_t c, uint8_t *value)
{
    if (c >= '0' && c <= '9')
        *value = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *value = (uint8_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

enum err peer_id_parse(struct span text, struct peer_id *id)
{
    struct peer_id parsed;
    if (text.n != PEER_ID_TEXT)
        return ERR_ADDR_INVALID;
    for (unsigned i = 0; i < PEER_ID_SIZE; i++) {
        uint8_t high, low;
        if (!hex_digit(text.at[2 * i], &high) || !hex_digit(text.at[2 * i + 1], &low))
            return ERR_ADDR_INVALID;
        parsed.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *id = parsed;
    return ERR_OK;
}

char *peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < PEER_ID_SIZE; i++) {
        out[2 * i] = digits[id->bytes[i] >> 4];
        out[2 * i + 1] = digits[id->bytes[i] & 15];
    }
    out[PEER_ID_TEXT] = 0;
    return out;
}
