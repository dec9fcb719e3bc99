/* The ties between residents for a month, with the lists that they need: `build_and_decay` of sim/processes/ties in C,
   one thread, the same columns, draws and sums. Its numbers come with the call.

   Everybody searches in the network as the month found it, then old ties change, then what was found is tied. Whom luck
   lets search is listed first, and what each of them will look at is asked for some searchers ahead. Ties are changed
   in blocks of residents: what is held of a block is laid side by side, worked out several at a time, and put back. */

#include <stdlib.h>
#include <string.h>

#include "draws.h"
#include "slots.h"

#define BLOCK 2048u /* ties that are changed at a time */
#define AHEAD 16u
#define TRIES 20
#define NO_ONE UINT32_MAX
#define MOST_ALTERS 512u
enum { BONDING, WEAK, BRIDGING };

typedef struct {
    uint32_t residents, neighbourhoods;
    int32_t month;
    const int64_t *id;
    const int32_t *neighbourhood;
    const int8_t *group;
    const real *planned_hours, *nurtured_hours;
    int32_t *alter;
    real *strength;
    int8_t *klass, *deepening;
    int32_t *born;
    real *hours;
    double search_chance, take_up_chance, acceptance;
    double build, kept[3], survival[3], contact_hours, bonding_from, weak_below, new_strength, time_limit;
    double triadic_share, near_share, introduction_chance;
    uint64_t end_and_take_up, search, search_local, search_alter, search_friend, search_near, search_other, accept;
    uint64_t introduced, introduced_to;
    double faded, searched, met; /* posted in the ledger */
} Town;

/* Ties of each resident that others own, in the order of the slots; and the residents of each neighbourhood. */
typedef struct {
    uint32_t *start, *owner, *slots, *first, *row, held;
} Lists;

typedef struct {
    uint32_t finder, found;
    int common;
} Pair;

static void list_ties(const Town *t, Lists *lists) {
    uint32_t n = t->residents, held = 0;
    uint32_t *start = lists->start = take((n + 2) * sizeof *start);
    uint32_t *slots = lists->slots = take((n + 1) * SLOTS * sizeof *slots);
    memset(start, 0, (n + 2) * sizeof *start);
    for (uint32_t i = 0; i < n; i++) held += list_held(t->alter, i, slots + held);
    /* Counted one place further on, so that filling leaves each start where it belongs. */
    for (uint32_t k = 0; k < held; k++) start[t->alter[slots[k]] + 2]++;
    for (uint32_t i = 0; i < n; i++) start[i + 2] += start[i + 1];
    uint32_t *owner = lists->owner = take((held + 1) * sizeof *owner);
    for (uint32_t k = 0; k < held; k++) owner[start[t->alter[slots[k]] + 1]++] = slots[k] / SLOTS;
    lists->held = held;
}

/* Homes lie in the order of the neighbourhoods as a rule, and then need no list of rows. */
static void list_neighbours(const Town *t, Lists *lists) {
    uint32_t n = t->residents, in_order = 1;
    uint32_t *first = lists->first = take((t->neighbourhoods + 2) * sizeof *first);
    memset(first, 0, (t->neighbourhoods + 2) * sizeof *first);
    for (uint32_t i = 0; i < n; i++) first[t->neighbourhood[i] + 2]++;
    for (uint32_t b = 0; b < t->neighbourhoods; b++) first[b + 2] += first[b + 1];
    for (uint32_t i = 1; i < n; i++) in_order &= t->neighbourhood[i - 1] <= t->neighbourhood[i];
    lists->row = in_order ? NULL : take((n + 1) * sizeof *lists->row);
    if (in_order) memmove(first, first + 1, (t->neighbourhoods + 1) * sizeof *first);
    else
        for (uint32_t i = 0; i < n; i++) lists->row[first[t->neighbourhood[i] + 1]++] = i;
}

static inline int tied(const int32_t *alter, uint32_t i, uint32_t k) {
    return (where(alter + i * SLOTS, k) | where(alter + k * SLOTS, i)) != 0;
}

static uint32_t some_alter(const Town *t, const Lists *lists, uint32_t i, double u) {
    uint32_t held = held_in(t->alter + i * SLOTS), own = __builtin_popcount(held);
    uint32_t first = lists->start[i], others = lists->start[i + 1] - first, left = u * (own + others);
    if (left >= own) return left < own + others ? lists->owner[first + left - own] : NO_ONE;
    while (left--) held &= held - 1;
    return t->alter[i * SLOTS + __builtin_ctz(held)];
}

static void look_at(const Town *t, const Lists *lists, uint32_t i) {
    __builtin_prefetch(t->alter + i * SLOTS);
    __builtin_prefetch(lists->start + i);
}

static uint32_t stranger(const Town *t, const Lists *lists, uint32_t i) {
    int64_t who = t->id[i];
    uint32_t first = 0, size = t->residents;
    int near = uniform(t->search_near, who) < t->near_share;
    if (near) {
        first = lists->first[t->neighbourhood[i]];
        size = lists->first[t->neighbourhood[i] + 1] - first;
    }
    uint64_t other = keyed(t->search_other, who), accept = keyed(t->accept, who);
    for (uint64_t attempt = 0; attempt < TRIES; attempt++) {
        uint32_t k = first + (uint32_t)(unit(mix(other + attempt * GOLDEN)) * size);
        if (near && lists->row) k = lists->row[k];
        int accepted = t->group[k] == t->group[i] || unit(mix(accept + attempt * GOLDEN)) < t->acceptance;
        if (accepted && k != i && !tied(t->alter, i, k)) return k;
    }
    return NO_ONE;
}

/* Few enough to be compared each with each, which takes no memory that is far away. */
static uint32_t all_alters(const Town *t, const Lists *lists, uint32_t i, int32_t *alters) {
    uint32_t count = 0;
    for (uint32_t s = 0; s < SLOTS; s++) {
        alters[count] = t->alter[i * SLOTS + s];
        count += alters[count] != EMPTY;
    }
    for (uint32_t entry = lists->start[i]; entry < lists->start[i + 1] && count < MOST_ALTERS; entry++)
        alters[count++] = lists->owner[entry];
    return count;
}

static int among(const int32_t *alters, uint32_t count, int32_t k) {
    int found = 0;
    for (uint32_t a = 0; a < count; a++) found |= alters[a] == k;
    return found;
}

static int have_common_alter(const Town *t, const Lists *lists, uint32_t i, uint32_t k) {
    int32_t mine[MOST_ALTERS + SLOTS];
    uint32_t count = all_alters(t, lists, i, mine);
    for (uint32_t s = 0; s < SLOTS; s++) {
        int32_t other = t->alter[k * SLOTS + s];
        if (other != EMPTY && among(mine, count, other)) return 1;
    }
    for (uint32_t entry = lists->start[k]; entry < lists->start[k + 1]; entry++)
        if (among(mine, count, lists->owner[entry])) return 1;
    return 0;
}

/* Everybody who searches and finds, in the order of the rows. */
static uint32_t search(const Town *t, const Lists *lists, Pair *pairs) {
    uint32_t n = t->residents, searchers = 0, found = 0;
    uint32_t *who = take((n + 1) * sizeof *who), *at = take((n + 1) * sizeof *at);
    double looks[BLOCK];
    for (uint32_t first = 0; first < n; first += BLOCK) {
        uint32_t size = n - first < BLOCK ? n - first : BLOCK;
        for (uint32_t k = 0; k < size; k++)
            looks[k] = uniform(t->search, t->id[first + k])
                       - t->search_chance * most(0.0, 1.0 - t->planned_hours[first + k] / t->time_limit);
        for (uint32_t k = 0; k < size; k++) {
            who[searchers] = first + k;
            searchers += looks[k] < 0.0;
        }
    }
    for (uint32_t k = 0; k < searchers; k++) { /* a friend, or NO_ONE where it is to be a stranger */
        int64_t id = t->id[who[k]];
        int local = uniform(t->search_local, id) < t->triadic_share;
        at[k] = local ? some_alter(t, lists, who[k], uniform(t->search_alter, id)) : NO_ONE;
        pairs[k] = (Pair){who[k], NO_ONE, local};
        if (at[k] != NO_ONE) look_at(t, lists, at[k]);
    }
    for (uint32_t k = 0; k < searchers; k++) { /* the friend's friend */
        if (k + AHEAD < searchers && at[k + AHEAD] != NO_ONE) {
            look_at(t, lists, at[k + AHEAD]);
            __builtin_prefetch(lists->owner + lists->start[at[k + AHEAD]]);
        }
        if (at[k] != NO_ONE) {
            at[k] = some_alter(t, lists, at[k], uniform(t->search_friend, t->id[who[k]]));
            __builtin_prefetch(t->alter + at[k] * SLOTS);
        }
    }
    for (uint32_t k = 0; k < searchers; k++) {
        uint32_t i = who[k], other = at[k];
        if (k + AHEAD < searchers && at[k + AHEAD] != NO_ONE) __builtin_prefetch(t->alter + at[k + AHEAD] * SLOTS);
        Pair *pair = &pairs[found];
        *pair = pairs[k];
        if (pair->common) pair->found = other == NO_ONE || other == i || tied(t->alter, i, other) ? NO_ONE : other;
        else {
            pair->found = stranger(t, lists, i);
            pair->common = pair->found != NO_ONE && have_common_alter(t, lists, i, pair->found);
        }
        found += pair->found != NO_ONE;
    }
    return found;
}

static int by_finder(const void *one, const void *other) {
    uint32_t a = ((const Pair *)one)->finder, b = ((const Pair *)other)->finder;
    return (a > b) - (a < b);
}

/* Whom people are introduced to who came to a nurtured meeting. */
static uint32_t introduce(const Town *t, const Lists *lists, Pair *pairs) {
    uint32_t found = 0, there = 0;
    for (uint32_t i = 0; i < t->residents; i++) there += t->nurtured_hours[i] > 0.0;
    if (!there) return 0;
    uint32_t *present = take((t->residents + 1) * sizeof *present);
    for (uint32_t b = 0; b < t->neighbourhoods; b++) {
        there = 0;
        for (uint32_t entry = lists->first[b]; entry < lists->first[b + 1]; entry++) {
            present[there] = lists->row ? lists->row[entry] : entry;
            there += t->nurtured_hours[present[there]] > 0.0;
        }
        for (uint32_t place = 0; place < there; place++) {
            uint32_t i = present[place];
            double time = most(0.0, 1.0 - t->planned_hours[i] / t->time_limit);
            if (uniform(t->introduced, t->id[i]) < 2.0 * t->introduction_chance * time) {
                uint32_t k = present[(uint32_t)(uniform(t->introduced_to, t->id[i]) * there)];
                if (k != i && !tied(t->alter, i, k)) pairs[found++] = (Pair){i, k, have_common_alter(t, lists, i, k)};
            }
        }
    }
    if (lists->row) qsort(pairs, found, sizeof *pairs, by_finder);
    return found;
}

static void change_strength(Town *t, const uint32_t *all, uint32_t count) {
    static uint64_t hashes[BLOCK];
    static double hours[BLOCK], strength[BLOCK], ends[BLOCK], takes_up[BLOCK];
    static int8_t klass[BLOCK];
    double kept[3], hazard[3], per_hour = 1.0 / t->contact_hours, faded = 0.0;
    for (int k = 0; k < 3; k++) {
        kept[k] = exponential(logarithm(t->kept[k]) / 12.0);
        hazard[k] = -logarithm(t->survival[k]) / 12.0;
    }
    for (uint32_t first = 0; first < count; first += BLOCK) {
        const uint32_t *slots = all + first;
        uint32_t held = count - first < BLOCK ? count - first : BLOCK;
        for (uint32_t n = 0; n < held; n++) {
            uint32_t slot = slots[n];
            hashes[n] = (uint64_t)t->id[slot / SLOTS] + (uint64_t)t->id[t->alter[slot]];
            hours[n] = t->hours[slot];
            klass[n] = t->klass[slot];
            strength[n] = 1.0 - t->strength[slot] * kept[klass[n]];
        }
        for (uint32_t n = 0; n < held; n++) {
            uint64_t h = mix(t->end_and_take_up + hashes[n]);
            ends[n] = half(h >> 32);
            takes_up[n] = half(h & 0xFFFFFFFF);
        }
        for (uint32_t n = 0; n < held; n++) strength[n] = 1.0 - strength[n] * exponential(-t->build * hours[n]);
        for (uint32_t n = 0; n < held; n++) {
            uint32_t slot = slots[n];
            int sinks = klass[n] == BONDING & strength[n] < t->weak_below;
            int rises = klass[n] == WEAK & strength[n] >= t->bonding_from;
            int taken_up = klass[n] == WEAK & takes_up[n] < t->take_up_chance;
            double at_most = hazard[klass[n]], met = hours[n] * per_hour;
            t->strength[slot] = strength[n];
            t->klass[slot] = sinks ? WEAK : rises ? BONDING : klass[n];
            t->deepening[slot] = (t->deepening[slot] | taken_up) & !rises;
            if (ends[n] * (1.0 + met + 0.5 * met * met) < at_most
                && ends[n] < -exponential_less_one(-at_most * exponential(-hours[n] / t->contact_hours))) {
                t->alter[slot] = EMPTY;
                t->strength[slot] = t->hours[slot] = 0.0;
                t->klass[slot] = t->deepening[slot] = 0;
                t->born[slot] = 0;
                faded += 1.0;
            }
        }
    }
    t->faded += faded;
}

static double tie_up(Town *t, const Pair *pairs, uint32_t count) {
    double made = 0.0;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t i = pairs[n].finder, k = pairs[n].found, step = free_slot(t->alter + i * SLOTS);
        if (n + AHEAD < count) {
            __builtin_prefetch(t->alter + pairs[n + AHEAD].finder * SLOTS);
            __builtin_prefetch(t->alter + pairs[n + AHEAD].found * SLOTS);
        }
        if (step == SLOTS || tied(t->alter, i, k)) continue;
        uint32_t slot = i * SLOTS + step;
        int far = t->group[i] != t->group[k] && t->neighbourhood[i] != t->neighbourhood[k];
        t->alter[slot] = k;
        t->strength[slot] = t->new_strength;
        t->klass[slot] = far || !pairs[n].common ? BRIDGING : WEAK;
        t->born[slot] = t->month;
        made += 1.0;
    }
    return made;
}

void live_a_month(Town *t) {
    Lists lists;
    want(((size_t)t->residents + 1) * (2 * SLOTS * sizeof(uint32_t) + 2 * sizeof(Pair) + 8 * sizeof(uint32_t))
         + t->neighbourhoods * sizeof(uint32_t) + 4096);
    Pair *searched = take((t->residents + 1) * sizeof *searched), *met = take((t->residents + 1) * sizeof *met);
    list_ties(t, &lists);
    list_neighbours(t, &lists);
    uint32_t found = search(t, &lists, searched), introduced = introduce(t, &lists, met);
    change_strength(t, lists.slots, lists.held);
    t->searched += tie_up(t, searched, found);
    t->met += tie_up(t, met, introduced);
}
