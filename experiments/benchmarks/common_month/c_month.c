/* The common month in C, one thread, float64 state, fused: one pass over the ties, in blocks, between two over the
   residents. Its numbers come as macros from rules.py. What luck decides is chosen without branching; only the search
   of the few who lost a tie branches. What happens on a tie is explained where own_engine.py does the same.

   A tie has a slot, and its owner is implied: slot / SLOTS. The ties of a resident that others own hang together in a
   list, kept up tie by tie. What a tie asks of either end stands side by side in 32 bytes, half a line of memory. */

#include <stdint.h>

#define GOLDEN 0x9E3779B97F4A7C15ULL
#define BLOCK 256 /* residents whose ties are met at a time, as in own_engine.py */
#define NONE UINT32_MAX

/* Dice, as rows of the month's streams. */
enum { TIE, ASK, SEARCH, NEED, ROLE };

/* Bits of a resident's marks: four flags, the venue, then three counters of 16 bits. */
#define HAS_TIME 0
#define NEEDS 1
#define VOLUNTEERS 2
#define CAN_BE_ASKED 3
#define VENUE 8
#define GAVE 16
#define HELPED 32
#define ASKED 48
#define COUNT 0xFFFFULL

typedef struct {
    double trust, pull, weight;
    uint64_t marks;
} Resident;

/* The list of the ties of a resident that others own, and the slots beside one in it. */
typedef struct {
    uint32_t first, count;
} Incoming;

typedef struct {
    uint32_t before, after;
} Beside;

typedef struct {
    uint32_t residents;
    double *trust, *strength;
    const double *deprivation;
    const uint8_t *venue, *hours;
    uint8_t *volunteers;
    uint32_t *alter;
    Beside *beside;
    Incoming *incoming;
    Resident *board;
    double *people; /* helped, needed */
} Town;

static inline uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

static inline double as_double(uint64_t bits) {
    union { uint64_t bits; double value; } both = {bits};
    return both.value;
}

/* In (0, 1): the first 52 bits of a hash, and one of its three draws of 21 bits. */
static inline double unit(uint64_t h) { return as_double((h >> 12) | 0x3FF0000000000000ULL) - (1.0 - 0x1p-53); }
static inline double third(uint64_t h, int n) {
    return (as_double((h >> 21 * n & 0x1FFFFF) | 0x4330000000000000ULL) - (0x1p52 - 0.5)) * 0x1p-21;
}

static inline double turn(uint64_t stream, uint64_t who, uint64_t n) {
    return unit(mix(mix(stream + who * GOLDEN) + n * GOLDEN));
}

static void hang(Town *t, uint32_t slot, uint32_t alter) {
    uint32_t after = t->incoming[alter].first;
    t->alter[slot] = alter;
    t->beside[slot] = (Beside){NONE, after};
    if (after != NONE) t->beside[after].before = slot;
    t->incoming[alter].first = slot;
    t->incoming[alter].count++;
}

/* The owner's own row stands in the slot then. */
static void take_off(Town *t, uint32_t slot) {
    Beside at = t->beside[slot];
    Incoming *list = &t->incoming[t->alter[slot]];
    *(at.before != NONE ? &t->beside[at.before].after : &list->first) = at.after;
    if (at.after != NONE) t->beside[at.after].before = at.before;
    list->count--;
    t->alter[slot] = slot / SLOTS;
}

void index_ties(Town *t) {
    for (uint32_t slot = 0; slot < t->residents * SLOTS; slot++) hang(t, slot, t->alter[slot]);
}

/* The other end of one of a resident's ties, whoever owns it. */
static uint32_t any_tie(const Town *t, uint32_t i, double u) {
    uint32_t pick = u * (SLOTS + t->incoming[i].count);
    if (pick < SLOTS) return t->alter[i * SLOTS + pick];
    uint32_t slot = t->incoming[i].first;
    for (pick -= SLOTS; pick; pick--) slot = t->beside[slot].after;
    return slot / SLOTS;
}

static uint32_t neighbour(const Town *t, uint32_t i, double u) {
    uint32_t first = i / NEIGHBOURHOOD * NEIGHBOURHOOD, rest = t->residents - first;
    return first + (uint32_t)(u * (rest < NEIGHBOURHOOD ? rest : NEIGHBOURHOOD));
}

static int tied(const Town *t, uint32_t i, uint32_t j) {
    int found = i == j;
    for (uint32_t k = 0; k < SLOTS; k++) found |= t->alter[i * SLOTS + k] == j | t->alter[j * SLOTS + k] == i;
    return found;
}

/* Step by step for all, so that what lies far apart can be asked for in good time. */
static void make_anew(Town *t, const uint32_t *dead, uint32_t n, uint64_t stream) {
    uint32_t friend[BLOCK * SLOTS], other[BLOCK * SLOTS];
    for (uint32_t k = 0; k < n; k++) {
        friend[k] = any_tie(t, dead[k] / SLOTS, turn(stream, dead[k], 1));
        __builtin_prefetch(&t->incoming[friend[k]]);
        __builtin_prefetch(&t->alter[friend[k] * SLOTS]);
        __builtin_prefetch(&t->incoming[t->alter[dead[k]]]);
    }
    for (uint32_t k = 0; k < n; k++) {
        uint32_t j = any_tie(t, friend[k], turn(stream, dead[k], 2));
        other[k] = turn(stream, dead[k], 0) < BY_FRIEND ? j : dead[k] / SLOTS;
        __builtin_prefetch(&t->incoming[other[k]]);
        __builtin_prefetch(&t->alter[other[k] * SLOTS]);
    }
    for (uint32_t k = 0; k < n; k++) take_off(t, dead[k]);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t j = other[k];
        for (uint64_t tries = 3; tied(t, dead[k] / SLOTS, j); tries++)
            j = neighbour(t, dead[k] / SLOTS, turn(stream, dead[k], tries));
        hang(t, dead[k], j);
        t->strength[dead[k]] = NEW;
    }
}

static void open_month(Town *t, uint64_t stream) {
    Resident *restrict board = t->board;
    for (uint32_t i = 0; i < t->residents; i++) {
        uint64_t needs = unit(mix(stream + i * GOLDEN)) < NEED_CHANCE * (1.0 + t->deprivation[i]);
        board[i].trust = t->trust[i];
        board[i].pull = board[i].weight = 0.0;
        board[i].marks = (uint64_t)(t->hours[i] > 0) << HAS_TIME | needs << NEEDS
                       | (uint64_t)t->volunteers[i] << VOLUNTEERS | 1 << CAN_BE_ASKED | (uint64_t)t->venue[i] << VENUE;
    }
}

static void meet(Town *t, uint32_t first, uint32_t end, const uint64_t *streams, uint64_t *restrict luck) {
    const double chances[2] = {MEET_AT_VENUE, MEET_CHANCE};
    double chance[BLOCK * SLOTS], *restrict strength = t->strength + first * SLOTS;
    const uint32_t *alter = t->alter + first * SLOTS, ties = (end - first) * SLOTS;
    /* Ask for what lies far apart in good time. */
    for (uint32_t tie = 0; tie < ties; tie++) __builtin_prefetch(&t->board[alter[tie]]);
    for (uint32_t i = first, tie = 0; i < end; i++) {
        uint64_t mine = t->board[i].marks;
        for (uint32_t k = 0; k < SLOTS; k++, tie++)
            chance[tie] = chances[((mine ^ t->board[alter[tie]].marks) >> VENUE & 0xFF) != 0];
    }
    uint64_t key = streams[TIE] + first * SLOTS * GOLDEN;
    for (uint32_t tie = 0; tie < ties; tie++) {
        luck[tie] = mix(key + tie * GOLDEN);
        double u = third(luck[tie], 0), w = strength[tie];
        w = u < chance[tie] ? w + GROWTH * (1.0 - w) : FADING * w;
        strength[tie] = (w < LEAST) | (u >= 1.0 - GIVE_UP) ? 0.0 : w;
    }
    uint32_t dead[BLOCK * SLOTS + 1], n = 0;
    for (uint32_t tie = 0; tie < ties; tie++) {
        dead[n] = first * SLOTS + tie;
        n += strength[tie] == 0.0;
    }
    make_anew(t, dead, n, streams[SEARCH]);
}

static void help_ask_and_pull(Town *t, uint32_t first, uint32_t end, const uint64_t *streams, uint64_t *restrict luck) {
    Resident *board = t->board;
    const double *restrict strength = t->strength + first * SLOTS;
    const uint32_t *alter = t->alter + first * SLOTS, ties = (end - first) * SLOTS;
    uint64_t mine_of[16], theirs_of[16];
    for (uint64_t v = 0; v < 16; v++) {
        mine_of[v] = (v & 1) << HELPED | (v >> 1 & 1) << GAVE | (v >> 2 & 1) << ASKED;
        theirs_of[v] = (v & 1) << GAVE | (v >> 1 & 1) << HELPED | (v >> 3 & 1) << ASKED;
    }
    uint64_t key = streams[ASK] + first * SLOTS * GOLDEN;
    for (uint32_t tie = 0; tie < ties; tie++) {
        double helps = HELP_CHANCE * strength[tie], asks = ASK_CHANCE * strength[tie];
        uint64_t one = luck[tie], two = mix(key + tie * GOLDEN);
        luck[tie] = (third(one, 1) < helps ? 1ULL : 0) | (third(one, 2) < helps ? 2ULL : 0)
                  | (third(two, 0) < asks ? 4ULL : 0) | (third(two, 1) < asks ? 8ULL : 0);
    }
    for (uint32_t i = first, tie = 0; i < end; i++) {
        uint64_t marks = board[i].marks, added = 0;
        /* As the other end would see it: my need meets their time, my time their need; I may be asked, or ask. */
        uint64_t mine = (marks >> NEEDS & 1) | (marks >> HAS_TIME & 1) << 1 | 4 | (marks >> VOLUNTEERS & 1) << 3;
        double trust = board[i].trust, pull = 0.0, weight = 0.0;
        for (uint32_t k = 0; k < SLOTS; k++, tie++) {
            Resident *other = &board[alter[tie]];
            uint64_t came = other->marks & mine & luck[tie];
            double w = strength[tie];
            added += mine_of[came];
            other->marks += theirs_of[came];
            pull += w * other->trust;
            weight += w;
            other->pull += w * trust;
            other->weight += w;
        }
        board[i].marks += added;
        board[i].pull += pull;
        board[i].weight += weight;
    }
}

static void close_month(Town *t, uint64_t stream) {
    /* By need (1) and something good (2): how far trust moves, and towards what. */
    const double share[4] = {0.0, TRUST_DOWN, TRUST_UP, TRUST_UP}, outcome[4] = {0.0, 0.0, 1.0, 1.0};
    const double leaving[2] = {LEAVE, LEAVE + LEAVE_OVERLOADED};
    const Resident *restrict board = t->board;
    const uint8_t *restrict hours = t->hours;
    uint8_t *restrict volunteers = t->volunteers;
    double *restrict trusts = t->trust;
    uint64_t needed = 0, were_helped = 0;
    for (uint32_t i = 0; i < t->residents; i++) {
        uint64_t marks = board[i].marks, h = mix(stream + i * GOLDEN);
        uint64_t gave = marks >> GAVE & COUNT, helped = (marks >> HELPED & COUNT) != 0;
        uint64_t needs = marks >> NEEDS & 1, was = marks >> VOLUNTEERS & 1;
        uint64_t joins = (marks >> ASKED != 0) & (third(h, 0) < JOIN);
        uint64_t stays = third(h, 1) >= leaving[(gave != 0) & (gave >= hours[i])];
        volunteers[i] = (was & stays) | (~was & joins);
        uint64_t came = needs | (helped | (gave != 0)) << 1;
        double trust = board[i].trust, learnt = share[came] * (outcome[came] - trust);
        /* No weight is nil: a resident owns five ties, none of them weaker than LEAST. */
        trusts[i] = trust + learnt + INFLUENCE * (board[i].pull / board[i].weight - trust);
        needed += needs;
        were_helped += helped;
    }
    t->people[0] = were_helped;
    t->people[1] = needed;
}

void live_a_month(Town *t, const uint64_t *streams) {
    open_month(t, streams[NEED]);
    uint64_t luck[BLOCK * SLOTS];
    for (uint32_t first = 0; first < t->residents; first += BLOCK) {
        uint32_t end = first + BLOCK < t->residents ? first + BLOCK : t->residents;
        meet(t, first, end, streams, luck);
        help_ask_and_pull(t, first, end, streams, luck);
    }
    close_month(t, streams[ROLE]);
}
