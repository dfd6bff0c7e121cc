/* The chain ID of a genesis.json.
 *
 * Those files reach hundreds of MB, so they are never loaded: the scanner sees each byte once,
 * keeps less than a kilobyte, and stops at the chain_id of the outermost object. It knows strings,
 * escapes and nesting; of the values it skips it checks no more than it needs to skip them.
 */
#ifndef APP_GENESIS_H
#define APP_GENESIS_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GENESIS_CHAIN_ID_MAX 255 /* bytes, without terminator */
#define GENESIS_CAUSE_MAX 160

enum genesis_place {
    GENESIS_BEGIN, /* before the object */
    GENESIS_KEY,   /* before a key or the end of the object */
    GENESIS_COLON,
    GENESIS_VALUE,
    GENESIS_WORD,   /* in a number, true, false or null */
    GENESIS_NESTED, /* in an object or array below the outermost */
    GENESIS_COMMA,  /* after a value */
    GENESIS_FOUND,  /* final: `text` is the chain ID */
    GENESIS_BAD,    /* final: `why` says what is wrong */
};

/* All-zero is the state before the first byte. */
struct genesis_scan {
    enum genesis_place place; /* for a string: the place after it */
    bool in_string;
    bool is_kept;       /* the string goes to `text` */
    bool is_chain_id;   /* the value to come is the chain ID */
    uint8_t escape;     /* 0: none, 1: after the backslash, 2 - 5: digits of \u still to come + 1 */
    uint16_t code;      /* of \u, so far */
    uint16_t surrogate; /* first half of a pair, 0: none */
    uint64_t depth;     /* of GENESIS_NESTED */
    const char *why;
    size_t text_n; /* beyond GENESIS_CHAIN_ID_MAX: too long, not kept */
    char text[GENESIS_CHAIN_ID_MAX + 1];
};

/* Takes the next n bytes; what follows a final place is ignored. */
void genesis_scan_feed(struct genesis_scan *scan, const char *bytes, size_t n);
/* After the last byte: chain_id gets GENESIS_CHAIN_ID_MAX + 1 bytes. ERR_CORRUPT with *why. */
enum err genesis_scan_end(const struct genesis_scan *scan, char *chain_id, const char **why);

/* Scans a file. ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT; cause (GENESIS_CAUSE_MAX bytes) ends a sentence
 * that begins with the file's name. */
enum err genesis_chain_id(const char *path, char *chain_id, char *cause);

#endif
