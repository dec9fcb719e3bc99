/* The sixteen slots of a resident's ties, all at once: with AVX-512 a row is one register, elsewhere a short loop. */

#include <stdint.h>
#include <stdlib.h>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

/* What columns hold: float only where `limits.py` asks what half the width would bring. Sums are in double. */
#ifndef REAL
#define REAL double
#endif
typedef REAL real;

#define SLOTS 16u
#define EMPTY (-1)

/* A bit for each slot that holds k. */
static inline uint32_t where(const int32_t *row, int32_t k) {
#ifdef __AVX512F__
    return _mm512_cmpeq_epi32_mask(_mm512_loadu_si512(row), _mm512_set1_epi32(k));
#else
    uint32_t mask = 0;
    for (uint32_t s = 0; s < SLOTS; s++) mask |= (uint32_t)(row[s] == k) << s;
    return mask;
#endif
}

static inline uint32_t held_in(const int32_t *row) { return where(row, EMPTY) ^ 0xFFFF; }

static inline uint32_t free_slot(const int32_t *row) {
    uint32_t free = where(row, EMPTY);
    return free ? (uint32_t)__builtin_ctz(free) : SLOTS;
}

/* Write the slots of a row that hold a tie, and say how many; room for all sixteen is needed. */
static inline uint32_t list_held(const int32_t *alter, uint32_t i, uint32_t *slots) {
    uint32_t held = held_in(alter + i * SLOTS);
#ifdef __AVX512F__
    __m512i all = _mm512_add_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                                   _mm512_set1_epi32(i * SLOTS));
    _mm512_storeu_si512(slots, _mm512_maskz_compress_epi32(held, all));
#else
    uint32_t found = 0;
    for (uint32_t s = 0; s < SLOTS; s++) {
        slots[found] = i * SLOTS + s;
        found += held >> s & 1;
    }
#endif
    return __builtin_popcount(held);
}

/* Memory that lasts from month to month, so that the system need not find pages anew: a room takes what it wants from
   the front, and begins anew each month. Whatever is wanted must be said before the first piece is taken. */
static struct {
    char *memory;
    size_t size, taken;
} scratch;

static void want(size_t bytes) {
    if (bytes > scratch.size) {
        free(scratch.memory);
        scratch.memory = malloc(scratch.size = bytes);
        if (!scratch.memory) abort();
    }
    scratch.taken = 0;
}

static void *take(size_t bytes) {
    char *piece = scratch.memory + scratch.taken;
    scratch.taken += (bytes + 127) / 64 * 64;
    if (scratch.taken > scratch.size) abort();
    return piece;
}
