/* Questions and answers of a policy as bytes, and as JSON for people. All of it follows
 * policy/schema.h, so a new hook or field needs nothing here.
 *
 * A view is written with at most DECISION_ROWS_MAX rows of each list, those that the verdict names
 * among them; it is read back as JSON only. A verdict is written whole and read back as the struct.
 */
#ifndef TRACE_DECISION_H
#define TRACE_DECISION_H

#include "addr/addr.h"
#include "base/codec.h"
#include "policy/policy.h"

#include <jansson.h>

#define DECISION_ROWS_MAX 64

/* Whom it is about, by ID or by IP; where both are wanted, a row with an ID is met by that alone.
 * Both NULL: anybody. */
struct decision_subject {
    const char *id; /* hex */
    const char *ip; /* as ip_text prints it */
    uint16_t port;  /* at that IP; 0: any */
};

/* To a writer. */
void decision_write_view(
    struct codec *codec, enum hook hook, const void *view, const void *verdict);
/* The same, but of each list only rows that one of two verdicts (either may be NULL) names. */
void decision_write_named(
    struct codec *codec, enum hook hook, const void *view, const void *verdict, const void *other);
/* Whether a row of the written view is about this peer. */
bool decision_concerns(struct span view, enum hook hook, const struct decision_subject *subject);
/* The written view; of its lists only rows about the subject, if one is given. Rows carry `row`,
 * their number from 1 as scripts count. NULL: out of memory. */
json_t *decision_view_json(
    struct span view, enum hook hook, const struct decision_subject *subject);

/* Both directions. A reader refuses what is out of the schema's ranges; indexes may still lie
 * beyond the view's lists. */
void decision_code_verdict(struct codec *codec, enum hook hook, void *verdict);
/* Whether its indexes exist in this view. */
bool decision_verdict_fits(enum hook hook, const void *verdict, const void *view);
/* As a script would have written it; rows count from 1. NULL: out of memory. */
json_t *decision_verdict_json(enum hook hook, const void *verdict);
/* Whether it chose among rows and took none: nobody is dialed, closed, told of. */
bool decision_is_idle(enum hook hook, const void *verdict);
/* A whole number as one, up to where all of them are exact; null: it is not finite. */
json_t *decision_number_json(double number);
/* "" if none was given. */
const char *decision_reason(enum hook hook, const void *verdict);

#endif
