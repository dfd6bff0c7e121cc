#include "http/places.h"

#define ORIGIN_BITS 64 /* of IPv6 */

static struct ip origin_of(const struct ip *from)
{
    return ip_is_v4(from) ? *from : cidr_of(from, ORIGIN_BITS).ip;
}

struct place *places_take(struct places *places, int fd, const struct ip *from)
{
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        struct place *place = &places->all[i];
        if (place->fd != 0)
            continue;
        *place = (struct place){.fd = fd, .origin = origin_of(from)};
        places->n++;
        return place;
    }
    return NULL;
}

void places_leave(struct places *places, struct place *place)
{
    *place = (struct place){0};
    places->n--;
}

static bool is_live(const struct place *place)
{
    return place->fd != 0 && !place->is_cut;
}

void places_step(struct places *places, struct place *place, bool is_answered, int64_t deadline_ms)
{
    place->is_answered = is_answered;
    place->deadline_ms = deadline_ms;
    place->step = ++places->steps;
}

static unsigned of_origin(const struct places *places, const struct ip *origin)
{
    unsigned n = 0;
    for (unsigned i = 0; i < PLACES_MAX; i++)
        n += is_live(&places->all[i]) && ip_equal(&places->all[i].origin, origin);
    return n;
}

static bool is_weaker(const struct places *places, const struct place *a, const struct place *b)
{
    unsigned a_n = of_origin(places, &a->origin), b_n = of_origin(places, &b->origin);
    if (a_n != b_n)
        return a_n > b_n;
    if (a->is_answered != b->is_answered)
        return b->is_answered;
    return a->step < b->step;
}

struct place *places_weakest(struct places *places)
{
    struct place *weakest = NULL;
    for (unsigned i = 0; i < PLACES_MAX; i++) {
        struct place *place = &places->all[i];
        if (is_live(place) && (!weakest || is_weaker(places, place, weakest)))
            weakest = place;
    }
    return weakest;
}

struct place *places_late(struct places *places, int64_t now_ms)
{
    for (unsigned i = 0; i < PLACES_MAX; i++)
        if (is_live(&places->all[i]) && now_ms >= places->all[i].deadline_ms)
            return &places->all[i];
    return NULL;
}
