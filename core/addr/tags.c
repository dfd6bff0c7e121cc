#include "addr/tags.h"

#include <stdlib.h>
#include <string.h>

#define NO_PARENT UINT32_MAX

struct tagged {
    struct cidr range;
    uint32_t parent; /* the smallest range around this one */
    uint32_t tag;    /* where it begins in texts */
};

/* Ranges never overlap but by one holding the other. In the order of their first address, the
 * larger first, every range comes behind those that hold it. */
struct tags {
    char *texts; /* a copy of the input, with a terminator behind each tag */
    struct tagged *at;
    uint32_t n, cap;
};

/* ---- one line ---- */

struct line {
    struct span range, tag;
};

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r';
}

static struct span cut_word(struct span *rest)
{
    while (rest->n > 0 && is_blank(rest->at[0])) {
        rest->at++;
        rest->n--;
    }
    struct span word = {rest->at, 0};
    while (word.n < rest->n && !is_blank(rest->at[word.n]))
        word.n++;
    rest->at += word.n;
    rest->n -= word.n;
    return word;
}

static const char *read_tag(struct span tag)
{
    if (tag.n == 0)
        return "a range without a tag; expected: CIDR TAG";
    if (tag.n > TAG_MAX)
        return "the tag is longer than 63 characters";
    for (size_t i = 0; i < tag.n; i++)
        if (tag.at[i] <= ' ' || tag.at[i] > '~')
            return "the tag has characters that are not printable ASCII";
    return NULL;
}

/* NULL, or what is wrong. A line without a range has line->range.n == 0. */
static const char *read_line(struct span text, struct line *line, struct cidr *range)
{
    const uint8_t *comment = memchr(text.at, '#', text.n);
    if (comment)
        text.n = (size_t)(comment - text.at);
    line->range = cut_word(&text);
    line->tag = cut_word(&text);
    if (line->range.n == 0)
        return NULL;
    if (cidr_parse(line->range, range) != ERR_OK)
        return "not a range; expected an address or CIDR such as 203.0.113.0/24, no bits set "
               "beyond the prefix";
    if (cut_word(&text).n > 0)
        return "more than a range and a tag; a tag has no blanks";
    return read_tag(line->tag);
}

/* ---- all lines ---- */

static bool reserve(struct tags *tags)
{
    if (tags->n < tags->cap)
        return true;
    uint32_t cap = tags->cap ? tags->cap * 2 : 64;
    struct tagged *at = realloc(tags->at, cap * sizeof *at);
    if (!at)
        return false;
    tags->at = at;
    tags->cap = cap;
    return true;
}

static enum err add(struct tags *tags, const struct line *line, const struct cidr *range)
{
    if (tags->n == TAGS_MAX)
        return ERR_TOO_LONG;
    if (!reserve(tags))
        return ERR_NO_MEMORY;
    uint32_t tag = (uint32_t)(line->tag.at - (const uint8_t *)tags->texts);
    tags->texts[tag + line->tag.n] = 0; /* a blank, the end of the line or of the text */
    tags->at[tags->n++] = (struct tagged){.range = *range, .parent = NO_PARENT, .tag = tag};
    return ERR_OK;
}

static enum err refuse(struct tags_error *error, size_t line, const char *what, enum err err)
{
    *error = (struct tags_error){line, what};
    return err;
}

static enum err read_lines(struct tags *tags, size_t n, struct tags_error *error)
{
    const uint8_t *at = (const uint8_t *)tags->texts, *end = at + n;
    for (size_t number = 1; at < end; number++) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        struct span text = {at, (size_t)((newline ? newline : end) - at)};
        struct line line;
        struct cidr range;
        const char *wrong = read_line(text, &line, &range);
        if (wrong)
            return refuse(error, number, wrong, ERR_INVALID);
        enum err err = line.range.n > 0 ? add(tags, &line, &range) : ERR_OK;
        if (err)
            return refuse(error, number, err_text(err), err);
        at = newline ? newline + 1 : end;
    }
    return ERR_OK;
}

/* ---- order ---- */

static int compare(const void *left, const void *right)
{
    const struct tagged *a = left, *b = right;
    int order = memcmp(a->range.ip.bytes, b->range.ip.bytes, sizeof a->range.ip.bytes);
    if (order == 0)
        order = (a->range.bits > b->range.bits) - (a->range.bits < b->range.bits);
    return order ? order : (a->tag > b->tag) - (a->tag < b->tag);
}

static bool same_range(const struct tagged *a, const struct tagged *b)
{
    return a->range.bits == b->range.bits && ip_equal(&a->range.ip, &b->range.ip);
}

static void drop_repeated(struct tags *tags)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < tags->n; i++)
        if (i + 1 == tags->n || !same_range(&tags->at[i], &tags->at[i + 1]))
            tags->at[kept++] = tags->at[i];
    tags->n = kept;
}

/* By its bytes alone: ::/0 lies around the IPv4 ranges, too, though it gives them no tag. */
static bool lies_around(const struct cidr *range, const struct ip *ip)
{
    struct cidr around = cidr_of(ip, range->bits);
    return ip_equal(&around.ip, &range->ip);
}

static void find_parents(struct tags *tags)
{
    for (uint32_t i = 1; i < tags->n; i++) {
        uint32_t parent = i - 1;
        while (parent != NO_PARENT && !lies_around(&tags->at[parent].range, &tags->at[i].range.ip))
            parent = tags->at[parent].parent;
        tags->at[i].parent = parent;
    }
}

static void put_in_order(struct tags *tags)
{
    if (tags->n > 1)
        qsort(tags->at, tags->n, sizeof *tags->at, compare);
    drop_repeated(tags);
    find_parents(tags);
}

/* ---- life ---- */

static enum err build(struct span text, struct tags *tags, struct tags_error *error)
{
    tags->texts = malloc(text.n + 1);
    if (!tags->texts)
        return refuse(error, 0, err_text(ERR_NO_MEMORY), ERR_NO_MEMORY);
    if (text.n > 0)
        memcpy(tags->texts, text.at, text.n);
    tags->texts[text.n] = 0;
    enum err err = read_lines(tags, text.n, error);
    if (!err)
        put_in_order(tags);
    return err;
}

enum err tags_parse(struct span text, struct tags **tags, struct tags_error *error)
{
    struct tags_error unwanted;
    error = error ? error : &unwanted;
    if (text.n > TAGS_TEXT_MAX)
        return refuse(error, 0, "the file is larger than 128 MiB", ERR_TOO_LONG);
    struct tags *made = calloc(1, sizeof *made);
    if (!made)
        return refuse(error, 0, err_text(ERR_NO_MEMORY), ERR_NO_MEMORY);
    enum err err = build(text, made, error);
    if (err)
        tags_free(made);
    else
        *tags = made;
    return err;
}

void tags_free(struct tags *tags)
{
    if (!tags)
        return;
    free(tags->texts);
    free(tags->at);
    free(tags);
}

/* The last range that begins at this address or before it. */
static uint32_t last_before(const struct tags *tags, const struct ip *ip)
{
    uint32_t low = 0, high = tags->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (memcmp(tags->at[middle].range.ip.bytes, ip->bytes, sizeof ip->bytes) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? NO_PARENT : low - 1;
}

const char *tags_find(const struct tags *tags, const struct ip *ip)
{
    if (!tags)
        return "";
    uint32_t i = last_before(tags, ip);
    while (i != NO_PARENT && !cidr_contains(&tags->at[i].range, ip))
        i = tags->at[i].parent;
    return i == NO_PARENT ? "" : tags->texts + tags->at[i].tag;
}

size_t tags_count(const struct tags *tags)
{
    return tags ? tags->n : 0;
}

const char *tags_at(const struct tags *tags, size_t i, struct cidr *range)
{
    *range = tags->at[i].range;
    return tags->texts + tags->at[i].tag;
}
