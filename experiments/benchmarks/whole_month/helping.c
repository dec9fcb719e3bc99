/* A month of helping: `help_for_a_month` of sim/processes/helping in C, one thread, the same columns, draws and sums.
   Its numbers come with the call.

   Need that is unmet is worked out once for all and kept beside the columns. Pools are handed out part by part, each in
   the order of the lottery, so that what is looked at of one neighbourhood lies near. Along ties, what the next few will
   look at is asked for ahead. */

#include <stdlib.h>
#include <string.h>

#include "draws.h"
#include "slots.h"

#define KINDS 5
#define MONTHS 12
#define BLOCK 1024u
#define AHEAD 8u
#define NOBODY (-1)
#define THIS_YEAR_AND_LAST 0x1FFF
#define ROW_BITS 31

typedef struct {
    uint32_t residents, neighbourhoods, charities;
    const int64_t *id;
    const int32_t *neighbourhood, *belongs;
    const real *neighbourly, *warmth, *pledged_hours, *hours_past, *need;
    real *met, *spare_hours, *helping_hours;
    int32_t *helped_months, *received_months;
    const int32_t *alter;
    const real *strength;
    double scale, help_rate, help_slope, hours, hours_spread, hours_noise, most_hours, displacement, favour_own;
    double pool_share;
    uint64_t helps, help_hours, help_order;
    double set_aside, given, idle, received; /* posted in the ledger */
} Town;

/* The quantile of the standard normal where it is far from the middle, and where it is near. */
static double in_the_tails(double u) {
    double q = u - 0.5, r = sqrt(-logarithm(q < 0.0 ? u : 1.0 - u)), top, low;
    if (r <= 5.0) {
        r -= 1.6;
        top = ((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
                  + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
               + 4.6303378461565452959) * r + 1.42343711074968357734;
        low = ((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
                  + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
               + 2.05319162663775882187) * r + 1.0;
    } else {
        r -= 5.0;
        top = ((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
                  + 0.026532189526576123093) * r + 0.29656057182850489123) * r + 1.7848265399172913358) * r
               + 5.4637849111641143699) * r + 6.6579046435011037772;
        low = ((((((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
                  + 7.868691311456132591e-4) * r + 0.0148753612908506148525) * r + 0.13692988092273580531) * r
               + 0.59983220655588793769) * r + 1.0;
    }
    return q < 0.0 ? -top / low : top / low;
}

static inline double in_the_middle(double u) {
    double q = u - 0.5, r = 0.180625 - q * q;
    double top = ((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
                     + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
                  + 133.14166789178437745) * r + 3.387132872796366608;
    double low = ((((((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
                     + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
                  + 42.313330701600911252) * r + 1.0;
    return q * top / low;
}

static inline double unmet_of(const Town *t, uint32_t i) {
    double hours = 0.0;
    for (int k = 0; k < KINDS; k++) hours += most(0.0, t->need[i * KINDS + k] - t->met[i * KINDS + k]);
    return hours;
}

static inline void meet(Town *t, uint32_t i, double share) {
    for (int k = 0; k < KINDS; k++) {
        double needed = t->need[i * KINDS + k];
        real *met = &t->met[i * KINDS + k];
        if (needed > *met) *met = share >= 1.0 ? needed : least(needed, *met + share * (needed - *met));
    }
}

static double new_hours(const Town *t, uint32_t i) {
    if (t->pledged_hours[i] <= 0.0) return 0.0;
    double given = 0.0;
    for (int month = 0; month < MONTHS; month++) given += t->hours_past[(size_t)i * MONTHS + month];
    return most(0.0, t->pledged_hours[i] - given / MONTHS);
}

/* In blocks, so that each step is a short loop over what lies side by side. */
static void set_time_aside(const Town *t, double *budget) {
    uint32_t who[BLOCK + 1], tails[BLOCK + 1];
    double draws[BLOCK], rates[BLOCK], hours[BLOCK], u[BLOCK];
    int64_t ids[BLOCK];
    double less = t->help_slope * t->help_slope / 2.0;
    memset(budget, 0, t->residents * sizeof *budget);
    for (uint32_t first = 0; first < t->residents; first += BLOCK) {
        uint32_t size = t->residents - first < BLOCK ? t->residents - first : BLOCK, found = 0, far = 0;
        for (uint32_t n = 0; n < size; n++) {
            draws[n] = uniform(t->helps, t->id[first + n]);
            rates[n] = t->help_rate * exponential(t->help_slope * t->neighbourly[first + n] - less);
        }
        for (uint32_t n = 0; n < size; n++) {
            /* x - x x / 2 < 1 - exp(-x) < x, so most are spared the exact chance. */
            int helps = draws[n] < rates[n] * (1.0 - 0.5 * rates[n]);
            if (helps != (draws[n] < rates[n])) helps = draws[n] < -exponential_less_one(-rates[n]);
            who[found] = first + n;
            found += helps;
        }
        for (uint32_t n = 0; n < found; n++) ids[n] = t->id[who[n]];
        for (uint32_t n = 0; n < found; n++) {
            u[n] = uniform(t->help_hours, ids[n]);
            hours[n] = in_the_middle(u[n]);
        }
        for (uint32_t n = 0; n < found; n++) {
            tails[far] = n;
            far += fabs(u[n] - 0.5) > 0.425;
        }
        for (uint32_t n = 0; n < far; n++) hours[tails[n]] = in_the_tails(u[tails[n]]);
        for (uint32_t n = 0; n < found; n++) u[n] = t->hours_spread * t->warmth[who[n]] + t->hours_noise * hours[n];
        for (uint32_t n = 0; n < found; n++) hours[n] = exponential(u[n]);
        for (uint32_t n = 0; n < found; n++) {
            double time = least(t->most_hours, t->scale * t->hours * hours[n]);
            budget[who[n]] = most(0.0, time - t->displacement * new_hours(t, who[n]));
        }
    }
}

/* Rows in the order of the first 33 bits of their tickets, by two passes over some of the first bits, after which those
   that share these are put right among themselves. */
static void hold_lottery(const Town *t, uint32_t *order) {
    uint32_t n = t->residents, bits = n <= 4096 ? 8 : 11, digit = (1u << bits) - 1;
    uint32_t first = 64 - 2 * bits, second = 64 - bits, low[2049] = {0}, high[2049] = {0};
    uint64_t *key = take((n + 1) * sizeof *key), *passing = take((n + 1) * sizeof *passing);
    uint64_t rows = (1ULL << ROW_BITS) - 1;
    for (uint32_t i = 0; i < n; i++) key[i] = (keyed(t->help_order, t->id[i]) & ~rows) | i;
    for (uint32_t i = 0; i < n; i++) {
        low[(key[i] >> first & digit) + 1]++;
        high[(key[i] >> second) + 1]++;
    }
    for (uint32_t b = 0; b < digit; b++) {
        low[b + 1] += low[b];
        high[b + 1] += high[b];
    }
    for (uint32_t i = 0; i < n; i++) passing[low[key[i] >> first & digit]++] = key[i];
    for (uint32_t i = 0; i < n; i++) key[high[passing[i] >> second]++] = passing[i];
    for (uint32_t i = 1; i < n; i++) {
        uint64_t k = key[i];
        uint32_t place = i;
        for (; place > 0 && key[place - 1] > k; place--) key[place] = key[place - 1];
        key[place] = k;
    }
    for (uint32_t i = 0; i < n; i++) order[i] = key[i] & rows;
}

/* The rows of each part in the order of the lottery; those of no part are left out. */
static uint32_t *by_part(const uint32_t *order, uint32_t n, const int32_t *part, uint32_t parts, uint32_t *start) {
    uint32_t *rows = take((n + 1) * sizeof *rows);
    memset(start, 0, (parts + 2) * sizeof *start);
    for (uint32_t i = 0; i < n; i++)
        if (part[i] != NOBODY) start[part[i] + 2]++;
    for (uint32_t b = 0; b < parts; b++) start[b + 2] += start[b + 1];
    for (uint32_t k = 0; k < n; k++)
        if (part[order[k]] != NOBODY) rows[start[part[order[k]] + 1]++] = order[k];
    return rows;
}

/* Hand out a pool for each part; what is left in pool[b] is then the share of it that was used. */
static void hand_out(Town *t, const uint32_t *order, const int32_t *part, uint32_t parts, double *pool, double *unmet,
                     double *received) {
    uint32_t *start = take((parts + 2) * sizeof *start);
    uint32_t *rows = by_part(order, t->residents, part, parts, start);
    for (uint32_t b = 0; b < parts; b++) {
        double rest = pool[b];
        for (uint32_t entry = start[b]; entry < start[b + 1] && rest > 0.0; entry++) {
            uint32_t i = rows[entry];
            if (unmet[i] > 0.0) {
                double x = least(unmet[i], rest);
                rest -= x;
                received[i] += x;
                meet(t, i, x / unmet[i]);
                unmet[i] = unmet_of(t, i);
            }
        }
        pool[b] = pool[b] > 0.0 ? (pool[b] - rest) / pool[b] : 0.0;
    }
}

static void help_own_first(Town *t, const uint32_t *order, const double *budget, double *left, double *unmet,
                           double *received) {
    double *pool = take((t->charities + 1) * sizeof *pool);
    memset(pool, 0, (t->charities + 1) * sizeof *pool);
    for (uint32_t i = 0; i < t->residents; i++)
        if (t->belongs[i] != NOBODY) pool[t->belongs[i]] += t->favour_own * budget[i];
    hand_out(t, order, t->belongs, t->charities, pool, unmet, received);
    for (uint32_t i = 0; i < t->residents; i++)
        if (t->belongs[i] != NOBODY) left[i] = budget[i] - t->favour_own * budget[i] * pool[t->belongs[i]];
}

/* Packed: twelve bytes and not sixteen, for there are many. */
typedef struct __attribute__((packed)) {
    double strength;
    uint32_t helper;
} Tie;

/* The ties of each resident to those who have time, in the order of the slots, whoever owns them. Luck decides who has
   time, so listing them does not branch on it: what is not to be kept is written over. */
static Tie *to_helpers(const Town *t, const double *budget, uint32_t *start) {
    uint32_t n = t->residents, found = 0;
    uint8_t *helps = take(n + 1);
    uint32_t *asks = take((2 * SLOTS * n + 2) * sizeof *asks);
    Tie *asked = take((2 * SLOTS * (size_t)n + 2) * sizeof *asked);
    for (uint32_t i = 0; i < n; i++) helps[i] = budget[i] > 0.0;
    memset(start, 0, (n + 2) * sizeof *start);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t slots[SLOTS], held = list_held(t->alter, i, slots), helped = helps[i];
        for (uint32_t k = 0; k < held; k++) {
            uint32_t end = t->alter[slots[k]];
            double strength = t->strength[slots[k]];
            asks[found] = i;
            asked[found] = (Tie){strength, end};
            found += helps[end];
            asks[found] = end;
            asked[found] = (Tie){strength, i};
            found += helped;
        }
    }
    for (uint32_t k = 0; k < found; k++) start[asks[k] + 2]++;
    for (uint32_t i = 0; i < n; i++) start[i + 2] += start[i + 1];
    Tie *ties = take((found + 1) * sizeof *ties);
    for (uint32_t k = 0; k < found; k++) ties[start[asks[k] + 1]++] = asked[k];
    return ties;
}

static void ask_along_ties(Town *t, const uint32_t *order, const double *budget, double *left, double *unmet,
                           double *received) {
    uint32_t n = t->residents, *start = take((n + 2) * sizeof *start);
    Tie *ties = to_helpers(t, budget, start);
    double *given = take((n + 1) * sizeof *given);
    for (uint32_t turn = 0; turn < n; turn++) {
        if (turn + 2 * AHEAD < n) {
            __builtin_prefetch(unmet + order[turn + 2 * AHEAD]);
            __builtin_prefetch(start + order[turn + 2 * AHEAD]);
        }
        if (turn + AHEAD < n && unmet[order[turn + AHEAD]] > 0.0) __builtin_prefetch(ties + start[order[turn + AHEAD]]);
        uint32_t i = order[turn];
        double need = unmet[i];
        if (!(need > 0.0)) {
            given[i] = 0.0;
            continue;
        }
        /* Those who have time left go to the front, whoever they are, so this does not branch on it; few are left to be
           put in order, the closest first. */
        Tie *first = ties + start[i], *end = ties + start[i + 1], *last = first;
        for (const Tie *tie = first; tie < end; tie++) {
            Tie one = *tie;
            *last = one;
            last += left[one.helper] > 0.0;
        }
        for (Tie *tie = first + 1; tie < last; tie++) {
            Tie one = *tie, *place = tie;
            for (; place > first && place[-1].strength < one.strength; place--) *place = place[-1];
            *place = one;
        }
        for (const Tie *tie = first; tie < last && need > 0.0; tie++) {
            double x = least(least(need, budget[tie->helper] * tie->strength), left[tie->helper]);
            left[tie->helper] -= x;
            need -= x;
        }
        given[i] = unmet[i] - need;
    }
    for (uint32_t i = 0; i < n; i++)
        if (given[i] > 0.0) {
            received[i] += given[i];
            meet(t, i, given[i] / unmet[i]);
            unmet[i] = unmet_of(t, i);
        }
}

static inline int32_t remember(int32_t months, double hours) {
    return ((months << 1) | (hours > 0.0)) & THIS_YEAR_AND_LAST;
}

void live_a_month(Town *t) {
    uint32_t n = t->residents;
    want(((size_t)n + 1) * ((2 * SLOTS + 8) * sizeof(uint32_t) + 4 * SLOTS * sizeof(Tie) + 8 * sizeof(double) + 1)
         + (size_t)(t->neighbourhoods + t->charities) * 2 * sizeof(double) + 4096);
    uint32_t *order = take((n + 1) * sizeof *order);
    double *budget = take((n + 1) * sizeof *budget), *left = take((n + 1) * sizeof *left);
    double *unmet = take((n + 1) * sizeof *unmet), *received = take((n + 1) * sizeof *received);
    double *pool = take((t->neighbourhoods + 1) * sizeof *pool);
    memset(received, 0, (n + 1) * sizeof *received);
    memset(pool, 0, (t->neighbourhoods + 1) * sizeof *pool);
    set_time_aside(t, budget);
    hold_lottery(t, order);
    memcpy(left, budget, n * sizeof *left);
    for (uint32_t i = 0; i < n; i++) unmet[i] = unmet_of(t, i);
    if (t->favour_own > 0.0) help_own_first(t, order, budget, left, unmet, received);
    ask_along_ties(t, order, budget, left, unmet, received);
    for (uint32_t i = 0; i < n; i++) pool[t->neighbourhood[i]] += t->pool_share * left[i];
    hand_out(t, order, t->neighbourhood, t->neighbourhoods, pool, unmet, received);
    for (uint32_t i = 0; i < n; i++) {
        double shared = t->pool_share * left[i] * pool[t->neighbourhood[i]];
        double given = (budget[i] - left[i]) + shared;
        t->helping_hours[i] = given;
        t->spare_hours[i] = left[i] - shared;
        t->helped_months[i] = remember(t->helped_months[i], given);
        t->received_months[i] = remember(t->received_months[i], received[i]);
        t->set_aside += budget[i];
        t->given += given;
        t->idle += t->spare_hours[i];
        t->received += received[i];
    }
}
