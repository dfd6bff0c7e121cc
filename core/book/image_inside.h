/* The inside of reading an image, shared by the files that implement it. */
#ifndef BOOK_IMAGE_INSIDE_H
#define BOOK_IMAGE_INSIDE_H

#include "book/image.h"
#include "book/inside.h"
#include "book/json.h"

#define IMAGE_MILLION 1000000 /* fractions are written as integers */
#define IMAGE_NAME_MAX 32     /* room for a member's name; longer than any that matters */

/* The names of failures by class. */
extern const char *const image_failures[BOOK_FAILURES];

struct loading {
    struct book *book;
    struct now now;
    struct book_load_report *report;
    bool merge;
    const uint8_t *from;
    /* Where the values of interest begin; `at` is NULL for those that are missing. */
    struct json key, addrs, bans, peers;
};

/* image_values.c. Each function takes one value off the text whatever it is; false, with the
 * result untouched, if it is not what was asked for. */

bool image_is(const char *name, const char *wanted); /* without regard to case */
bool image_id(struct json *json, struct peer_id *id);
bool image_ip(struct json *json, struct ip *ip);
bool image_cidr(struct json *json, struct cidr *cidr);
bool image_time(struct json *json, int64_t *wall_ms);
bool image_u32(struct json *json, uint32_t max, uint32_t *value);
bool image_failure(struct json *json, uint8_t *failure); /* the name of an enum err */

/* An object with id, ip and port; what is missing or null counts as bad. */
struct addr_reading {
    struct addr addr;
    bool bad_shape, bad_id, bad_ip;
};
#define ADDR_UNREAD ((struct addr_reading){.bad_id = true, .bad_ip = true})

void image_addr(struct json *json, struct addr_reading *reading);
void image_addr_member(struct json *json, const char *name, struct addr_reading *reading);
static inline bool addr_reading_is_good(const struct addr_reading *reading)
{
    return !reading->bad_shape && !reading->bad_id && !reading->bad_ip;
}

/* image_ours.c: the part that only we write. Anything malformed is left out. */

void image_take_bans(struct loading *loading);
void image_take_peers(struct loading *loading);

#endif
