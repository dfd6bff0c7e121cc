/* Views and peers for the tests of this folder. */
#ifndef TESTS_TRACE_KIT_H
#define TESTS_TRACE_KIT_H

#include "policy/schema.h"
#include "unit/node/policy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ROWS 100

static inline struct peer_id id_of(unsigned i)
{
    struct peer_id id = {.bytes = {0x20}};
    id.bytes[PEER_ID_SIZE - 2] = (uint8_t)(i >> 8);
    id.bytes[PEER_ID_SIZE - 1] = (uint8_t)i;
    return id;
}

static inline struct endpoint endpoint_of(unsigned i)
{
    return (struct endpoint){ip_of_v4(0x08080000 + i), 26656};
}

struct row_texts {
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
};

/* A dial round's candidates 0 .. n - 1 (at most ROWS). */
struct round {
    struct select_view view;
    struct address_row rows[ROWS];
    struct row_texts texts[ROWS];
    struct select_verdict verdict;
};

static inline void round_make(struct round *round, unsigned n)
{
    const struct schema_row *row = NULL;
    for (unsigned i = 0; i < schema_rows_n; i++)
        if (strcmp(schema_rows[i].name, "address") == 0)
            row = &schema_rows[i];
    schema_view_defaults(&schema_hooks[HOOK_select], &round->view);
    for (unsigned i = 0; i < n; i++) {
        struct peer_id id = id_of(i);
        struct endpoint at = endpoint_of(i);
        schema_row_defaults(row, &round->rows[i]);
        round->rows[i].id = peer_id_text(&id, round->texts[i].id);
        round->rows[i].ip = ip_text(&at.ip, round->texts[i].ip);
    }
    round->view.candidates = round->rows;
    round->view.candidates_n = n;
    round->view.wanted = 2;
}

#endif
