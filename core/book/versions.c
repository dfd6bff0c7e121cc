#include "book/versions.h"

#include <assert.h>
#include <stdlib.h>

enum err versions_init(struct versions *versions)
{
    struct versions made = {
        .texts = calloc(VERSIONS_MAX, sizeof *made.texts),
        .users = calloc(VERSIONS_MAX, sizeof *made.users),
    };
    *versions = made;
    if (made.texts && made.users)
        return ERR_OK;
    versions_free(versions);
    return ERR_NO_MEMORY;
}

void versions_free(struct versions *versions)
{
    free(versions->texts);
    free(versions->users);
    *versions = (struct versions){0};
}

static void clean(struct span text, char out[BOOK_VERSION_MAX + 1])
{
    memset(out, 0, BOOK_VERSION_MAX + 1);
    for (size_t i = 0; i < text.n && i < BOOK_VERSION_MAX; i++)
        out[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? (char)text.at[i] : '?';
}

/* Where this text is, or else where it could go; VERSIONS_MAX if nowhere. */
static uint32_t find(const struct versions *versions, const char *text)
{
    uint32_t room = versions->n;
    for (uint32_t i = 0; i < versions->n; i++) {
        if (versions->users[i] == 0)
            room = i;
        else if (memcmp(versions->texts[i], text, BOOK_VERSION_MAX + 1) == 0)
            return i;
    }
    return room;
}

uint16_t versions_take(struct versions *versions, struct span text)
{
    char wanted[BOOK_VERSION_MAX + 1];
    clean(text, wanted);
    if (!*wanted)
        return VERSION_UNKNOWN;
    uint32_t at = find(versions, wanted);
    if (at == VERSIONS_MAX)
        return VERSION_UNKNOWN;
    if (at == versions->n)
        versions->n++;
    memcpy(versions->texts[at], wanted, sizeof wanted);
    versions->users[at]++;
    return (uint16_t)(at + 1);
}

void versions_release(struct versions *versions, uint16_t version)
{
    if (version == VERSION_UNKNOWN)
        return;
    assert(versions->users[version - 1] > 0);
    versions->users[version - 1]--;
}

const char *versions_text(const struct versions *versions, uint16_t version)
{
    return version == VERSION_UNKNOWN ? "" : versions->texts[version - 1];
}
