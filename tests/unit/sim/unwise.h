/* A policy that answers half of all questions at random, in every form that the schema allows and
 * in some that it does not: rows that are none, or the same ones again. */
#ifndef TESTS_SIM_UNWISE_H
#define TESTS_SIM_UNWISE_H

#include "policy/schema.h"
#include "unit/node/policy.h"

struct unwise {
    struct rng rng;
};

static inline size_t rows_over(const struct schema_field *field, const void *view)
{
    return *(const size_t *)((const char *)view + field->over->offset_n);
}

/* A row of n, or just beyond. */
static inline int64_t unwise_row(struct rng *rng, size_t n)
{
    return (int64_t)rng_below(rng, n + 2) - 1;
}

static inline double unwise_number(struct rng *rng, const struct schema_field *field)
{
    switch (rng_below(rng, 4)) {
    case 0:
        return field->min;
    case 1:
        return field->max;
    case 2:
        return field->number;
    default:
        return field->min + rng_unit(rng) * (field->max - field->min);
    }
}

static inline void unwise_rows(
    struct rng *rng, const struct schema_field *field, const void *view, char *verdict)
{
    size_t n = rows_over(field, view), count = rng_below(rng, 2 * n + 2);
    count = count < (size_t)field->max ? count : (size_t)field->max;
    for (size_t i = 0; i < count; i++) {
        int64_t row = unwise_row(rng, n);
        if (field->type == SCHEMA_INDEXES)
            ((int64_t *)(verdict + field->offset))[i] = row;
        else
            ((struct policy_pick *)(verdict + field->offset))[i] =
                (struct policy_pick){.row = row, .feeler = rng_below(rng, 4) == 0};
    }
    *(size_t *)(verdict + field->offset_n) = count;
}

static inline void unwise_field(
    struct rng *rng, const struct schema_field *field, const void *view, char *verdict)
{
    void *at = verdict + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
        *(int64_t *)at = (int64_t)unwise_number(rng, field);
        break;
    case SCHEMA_NUMBER:
        *(double *)at = unwise_number(rng, field);
        break;
    case SCHEMA_BOOLEAN:
        *(bool *)at = rng_below(rng, 2);
        break;
    case SCHEMA_ENUM:
        *(unsigned *)at = (unsigned)rng_below(rng, field->values->values_n);
        break;
    case SCHEMA_INDEX:
        *(int64_t *)at = unwise_row(rng, rows_over(field, view));
        break;
    case SCHEMA_INDEXES:
    case SCHEMA_PICKS:
        unwise_rows(rng, field, view, verdict);
        break;
    default:
        break;
    }
}

static inline void unwise_twist(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    struct rng *rng = &((struct unwise *)fake->test)->rng;
    const struct schema_verdict *schema = &schema_hooks[hook].verdict;
    if (schema->alternatives_n == 0 || rng_below(rng, 2) == 0)
        return;
    unsigned act = (unsigned)rng_below(rng, schema->alternatives_n);
    const struct schema_alternative *form = &schema->alternatives[act];
    memset(verdict, 0, schema->size);
    if (schema->offset_act != SCHEMA_NOWHERE)
        *(unsigned *)((char *)verdict + schema->offset_act) = act;
    if (schema->offset_false != SCHEMA_NOWHERE)
        *(bool *)((char *)verdict + schema->offset_false) = rng_below(rng, 10) == 0;
    for (unsigned i = 0; i < form->fields_n; i++)
        unwise_field(rng, &form->fields[i], view, verdict);
}

/* From now on `fake` answers so, also the hooks whose rule is in the core. */
static inline void unwise_begin(struct unwise *unwise, struct fake_policy *fake, uint64_t seed)
{
    rng_seed(&unwise->rng, seed);
    for (unsigned hook = 0; hook < HOOK_COUNT; hook++)
        fake->answers[hook] = true;
    fake->twist = unwise_twist;
    fake->test = unwise;
}

#endif
