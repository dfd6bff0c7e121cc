#include <math.h>

#include "book/walk.h"

#define LOOKS_SLACK 64

static double clamp_percent(double percent)
{
    return percent > 0 ? (percent < 100 ? percent : 100) : 0;
}

static bool in_banned_range(const struct book *book, struct now now, const struct book_entry *entry)
{
    return bans_has_ranges(book->bans) && bans_by_ip(book->bans, now, &entry->addr.at.ip);
}

static bool verified_within(const struct book_entry *entry, struct now now, int64_t within_ms)
{
    return within_ms <= 0 ||
        (entry->last_verified_ms > 0 && now.wall_ms - entry->last_verified_ms <= within_ms);
}

/* The weights of B34. */
struct coin {
    double of_new, of_old;
};

static struct coin coin_of(const struct book *book, double new_percent)
{
    double percent = clamp_percent(new_percent);
    return (struct coin){
        .of_new = sqrt((double)book->members[side_of(BOOK_NEW)].n) * percent,
        .of_old = sqrt((double)book->members[side_of(BOOK_OLD)].n) * (100 - percent),
    };
}

static enum book_side toss(struct coin coin, struct rng *rng)
{
    return (coin.of_old + coin.of_new) * rng_unit(rng) < coin.of_old ? BOOK_OLD : BOOK_NEW;
}

const struct book_entry *book_pick(
    struct book *book, struct now now, struct rng *rng, double new_percent)
{
    enum book_side side = toss(coin_of(book, new_percent), rng);
    if (members_of(book, side)->n == 0)
        return NULL;
    if (bans_has_ranges(book->bans)) {
        struct book_draw one = {.count = 1, .sides = (uint8_t)side};
        const struct book_entry *entry;
        return book_draw(book, now, rng, &one, &entry) == 1 ? entry : NULL;
    }
    return &book->entries[buckets_pick(buckets_of(book, side), rng)];
}

/* Draws for policies */

struct drawing {
    struct book *book;
    struct now now;
    struct rng *rng;
    const struct book_draw *draw;
    const struct book_entry **out;
    size_t n;
    uint64_t looks_left;
    struct coin coin;
    uint32_t marked[2]; /* by side_of */
};

static bool is_done(const struct drawing *d)
{
    return d->n == d->draw->count || d->looks_left == 0;
}

static void look_at(struct drawing *d, uint32_t handle)
{
    const struct book_entry *entry = &d->book->entries[handle];
    d->looks_left--;
    if (!in_banned_range(d->book, d->now, entry) &&
        verified_within(entry, d->now, d->draw->verified_within_ms) &&
        (!d->draw->keep || d->draw->keep(d->draw->context, entry)))
        d->out[d->n++] = entry;
}

/* As book_pick would choose: bucket first. Repeats are wasted tries, so their number is bounded. */
static void draw_by_bucket(struct drawing *d)
{
    uint64_t tries = 2 * (uint64_t)d->draw->count + LOOKS_SLACK / 4;
    while (tries-- > 0 && !is_done(d)) {
        enum book_side side = toss(d->coin, d->rng);
        if (d->marked[side_of(side)] == members_of(d->book, side)->n)
            continue;
        uint32_t handle = buckets_pick(buckets_of(d->book, side), d->rng);
        if (!walk_mark(d->book, handle))
            continue;
        d->marked[side_of(side)]++;
        look_at(d, handle);
    }
}

/* What is still missing comes uniformly from the rest of the sides that may give any. */
static void draw_the_rest(struct drawing *d)
{
    bool verified = d->draw->verified_within_ms > 0;
    struct walk of_new = walk_of(d->book, BOOK_NEW, verified, d->marked[side_of(BOOK_NEW)]);
    struct walk of_old = walk_of(d->book, BOOK_OLD, verified, d->marked[side_of(BOOK_OLD)]);
    while (!is_done(d)) {
        struct coin coin = {
            .of_new = walk_left(&of_new) > 0 ? d->coin.of_new : 0,
            .of_old = walk_left(&of_old) > 0 ? d->coin.of_old : 0,
        };
        if (coin.of_new + coin.of_old <= 0)
            return;
        look_at(d, walk_next(toss(coin, d->rng) == BOOK_NEW ? &of_new : &of_old, d->rng));
    }
}

size_t book_draw(struct book *book, struct now now, struct rng *rng, const struct book_draw *draw,
    const struct book_entry **out)
{
    struct drawing d = {
        .book = book,
        .now = now,
        .rng = rng,
        .draw = draw,
        .out = out,
        .looks_left = (uint64_t)BOOK_DRAW_LOOKS * draw->count + LOOKS_SLACK,
        .coin = coin_of(book, draw->new_percent),
    };
    if (draw->sides != 0)
        d.coin = (struct coin){draw->sides == BOOK_NEW, draw->sides == BOOK_OLD};
    else if (d.coin.of_new + d.coin.of_old <= 0)
        d.coin.of_new = 1; /* B34: only new entries and a bias of 0 still gives new ones */
    walk_begin(book);
    if (draw->verified_within_ms <= 0)
        draw_by_bucket(&d);
    draw_the_rest(&d);
    return d.n;
}

/* Selections to share */

struct sharing {
    struct book *book;
    struct now now;
    struct rng *rng;
    const struct book_selection *how;
    uint32_t wanted;
    uint64_t looks_left;
};

uint32_t book_selection_size(const struct book *book, const struct book_selection *selection)
{
    const struct book_settings *s = &book->settings;
    uint32_t size = book_count(book);
    uint32_t most = selection->count_max > 0 ? selection->count_max : s->selection_max;
    uint32_t n = (uint32_t)((uint64_t)size * s->selection_percent / 100);
    if (n < s->selection_min)
        n = s->selection_min;
    if (selection->count > 0)
        n = selection->count;
    if (n > size)
        n = size;
    return n < most ? n : most;
}

static bool may_share(const struct sharing *s, const struct book_entry *entry)
{
    return !(s->how->except && peer_id_equal(&entry->addr.id, s->how->except)) &&
        verified_within(entry, s->now, s->how->verified_within_ms) &&
        !in_banned_range(s->book, s->now, entry);
}

/* Takes up to n acceptable entries from a walk; returns how many. */
static uint32_t share_from(struct sharing *s, struct walk *walk, struct addr *out, uint32_t n)
{
    uint32_t batch[WALK_BATCH], got = 0;
    while (got < n && s->looks_left > 0 && walk_left(walk) > 0) {
        uint32_t ahead = n - got < WALK_BATCH ? n - got : WALK_BATCH;
        if (ahead > s->looks_left)
            ahead = (uint32_t)s->looks_left;
        ahead = walk_batch(walk, s->rng, batch, ahead);
        s->looks_left -= ahead;
        for (uint32_t i = 0; i < ahead; i++) {
            const struct book_entry *entry = &s->book->entries[batch[i]];
            if (may_share(s, entry))
                out[got++] = entry->addr;
        }
    }
    return got;
}

/* B37 with F8: the new quota is honoured, zero included, and what one side lacks the other gives.
 * The old ones are drawn first, to know how many there are, and end up behind the new ones. */
static size_t share_biased(
    struct sharing *s, struct walk *of_new, struct walk *of_old, struct addr *out)
{
    uint32_t quota = (uint32_t)round(clamp_percent(s->how->new_percent) / 100 * (double)s->wanted);
    uint32_t old_n = share_from(s, of_old, out, s->wanted - quota);
    uint32_t room = s->wanted - old_n;
    memmove(out + room, out, old_n * sizeof *out);
    uint32_t new_n = share_from(s, of_new, out, room);
    memmove(out + new_n, out + room, old_n * sizeof *out);
    uint32_t n = new_n + old_n;
    return n + share_from(s, of_old, out + n, s->wanted - n);
}

size_t book_select(struct book *book, struct now now, struct rng *rng,
    const struct book_selection *selection, struct addr *out)
{
    struct sharing s = {
        .book = book,
        .now = now,
        .rng = rng,
        .how = selection,
        .wanted = book_selection_size(book, selection),
    };
    s.looks_left = (uint64_t)BOOK_DRAW_LOOKS * s.wanted + LOOKS_SLACK;
    bool verified = selection->verified_within_ms > 0;
    walk_begin(book);
    if (!selection->biased) { /* B36: each entry is as likely as any other */
        struct walk of_both = walk_of_both(book, verified);
        return share_from(&s, &of_both, out, s.wanted);
    }
    struct walk of_new = walk_of(book, BOOK_NEW, verified, 0);
    struct walk of_old = walk_of(book, BOOK_OLD, verified, 0);
    return share_biased(&s, &of_new, &of_old, out);
}
