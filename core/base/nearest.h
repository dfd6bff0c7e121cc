/* Which known name a mistyped one was meant to be. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/* Names longer than this are never near to another. */
#define NEAREST_NAME_MAX 63

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; cut at max + 1.
 */
unsigned edit_distance(const char *a, const char *b, unsigned max);
/* The distance up to which a name of this length counts as a slip: 1 up to 5 letters, then more. */
unsigned nearest_slip_max(const char *name);

/* The nearest of several names, if it is near enough for a slip, or else one that the mistyped name
 * is the beginning of ("rtt" of "rtt_ms"): begin with the mistyped name, try the known ones, read
 * `found` (NULL: none). Of names equally near it is the first by its bytes, in whatever order they
 * are tried. Borrows the names. */
struct nearest {
    const char *name, *found;
    unsigned distance; /* of `found`; NULL: more than any that counts */
};
struct nearest nearest_to(const char *name);
void nearest_try(struct nearest *nearest, const char *known);

#endif
