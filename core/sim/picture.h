/* What a watch has seen of one node since it started. Not for users: they see watch.h. */
#ifndef SIM_PICTURE_H
#define SIM_PICTURE_H

#include "base/recent.h"
#include "sim/state.h"

#define WATCH_TEXT_MAX 256

enum seen_state { SEEN_ACCEPTED, SEEN_HANDSHAKING, SEEN_DIALING, SEEN_PEER };

struct seen_conn {
    uint64_t number;
    enum seen_state state;
    bool outbound, has_pex;
    bool configured; /* dialed for the operator's sake, not the policy's */
    struct peer_id id;
    struct endpoint remote;
    int64_t since_ms;    /* of a peer */
    int64_t asked_ms;    /* our outstanding request; NEVER_MS: none */
    int64_t answered_ms; /* our last answer that was in time */
    bool extra_answer;   /* another since */
    uint32_t requests, answers;
};

/* A token bucket in whole numbers, in parts of a token. */
struct budget {
    int64_t spent, at_ms;
};

struct picture {
    bool begun; /* false: all-zero */
    struct seen_conn *at;
    uint32_t n, cap;
    struct recent asked;  /* ID -> mono_ms + 1 of our last request */
    struct recent failed; /* endpoint -> mono_ms + 1 of the last failed dial of the policy's ... */
    struct recent missed; /* ... ID -> of the last one for the operator's sake */
    struct recent ranges; /* /24 or /48 -> struct budget */
    struct recent dialed; /* ID -> mono_ms + 1 of the last dial */
    struct recent homes;  /* IP or /64 -> struct budget: answers */
    struct budget dials;
    uint64_t last_dial;
    int64_t ticked_ms;
    uint32_t idle_ticks; /* in a row, a millisecond apart, without an action */
    uint64_t steps;
};

/* One step under examination. */
struct exam {
    struct watch *watch;
    const struct sim_step *step;
    const struct node_settings *settings;
    struct picture *picture;
};

struct watch {
    struct sim *sim;
    uint32_t book_every;
    struct picture *pictures; /* one for each machine */
    uint32_t pictures_n;
    char text[WATCH_TEXT_MAX]; /* empty: nothing broken */
};

/* A rule is broken unless `holds`; returns it. Only the first is kept. */
bool exam_rule(const struct exam *exam, bool holds, const char *rule, uint64_t conn);

struct seen_conn *picture_find(struct picture *picture, uint64_t number);
struct seen_conn *picture_add(struct picture *picture, const struct seen_conn *conn);
void picture_remove(struct picture *picture, struct seen_conn *conn);
/* A new run begins. */
void picture_reset(struct picture *picture, uint64_t seed);
void picture_free(struct picture *picture);

bool picture_seed(const struct node_settings *settings, const struct peer_id *id);
bool picture_persistent(const struct node_settings *settings, const struct peer_id *id);
/* One of both. */
bool picture_configured(const struct node_settings *settings, const struct peer_id *id);
bool picture_unconditional(const struct node_settings *settings, const struct peer_id *id);

/* Takes one token of `parts`; `parts_per_ms` come back, `burst` tokens fit. Rounding may favour the
 * node by one part. false: there was none. */
bool picture_take(
    struct budget *budget, int64_t mono_ms, int64_t parts, int64_t parts_per_ms, int64_t burst);

/* watch_dials.c */
void exam_dial(const struct exam *exam, const struct action *action);
void exam_caps(const struct exam *exam);

/* watch_stay.c */
void exam_closes(const struct exam *exam);
void exam_stays(const struct exam *exam);

/* watch_talk.c */
void exam_message(const struct exam *exam, const struct event *event);
void exam_send(const struct exam *exam, const struct action *action);

#endif
