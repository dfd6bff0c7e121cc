/* The beginning of a segment: the node and its policy at one time, copied between two steps in a
 * tenth of the time that writing them takes, to be written by whatever thread has it. */
#ifndef TRACE_OPENING_H
#define TRACE_OPENING_H

#include "node/snapshot.h"

struct opening {
    uint64_t number; /* from 1, over all files of a run */
    struct now now;
    uint32_t wants; /* a bit for each hook that the policy wants to be asked */
    struct node_picture node;
    struct codec policy;           /* what save_policy of the recorder wrote */
    struct span head;              /* of the file, when one begins with it; borrowed */
    struct opening *_Atomic *home; /* who has it again when it is written */
};

/* Empty. NULL: out of memory. */
struct opening *opening_new(struct opening *_Atomic *home);
/* Bytes it holds: about twice what it takes in a file. */
size_t opening_size(const struct opening *opening);
/* Appends the head, if it has one, and its record. */
void opening_write(const struct opening *opening, struct codec *codec);
/* Gives it back, with its memory for the next one. */
void opening_release(struct opening *opening);
void opening_free(struct opening *opening); /* NULL is fine */

#endif
