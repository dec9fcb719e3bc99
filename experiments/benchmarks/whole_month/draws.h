/* Draws, exponential and logarithm as in sim/chance.py and sim/elementary.py: the same operations in the same order, so
   the same bits. The series is a tree of pairs there, and here too. */

#include <math.h>
#include <stdint.h>

#define GOLDEN 0x9E3779B97F4A7C15ULL
#define WHOLE 0x1p52
#define WHOLE_BITS 0x4330000000000000ULL
#define LOG2 0.6931471803691238
#define LOG2_REST 1.9082149292705877e-10

static inline double as_double(uint64_t bits) {
    union { uint64_t bits; double value; } both = {bits};
    return both.value;
}

static inline uint64_t as_bits(double value) {
    union { double value; uint64_t bits; } both = {value};
    return both.bits;
}

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return a > b ? a : b; }

static inline uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
}

static inline double unit(uint64_t h) { return as_double((h >> 12) | 0x3FF0000000000000ULL) - (1.0 - 0x1p-53); }
static inline double half(uint64_t h) { return (as_double(h | WHOLE_BITS) - (WHOLE - 0.5)) * 0x1p-32; }
static inline uint64_t keyed(uint64_t stream, int64_t who) { return mix(stream + (uint64_t)who * GOLDEN); }
static inline double uniform(uint64_t stream, int64_t who) { return unit(keyed(stream, who)); }
static inline double uniform2(uint64_t stream, int64_t who, uint64_t whom) {
    return unit(mix(keyed(stream, who) + whom * GOLDEN));
}

static inline double series(double x, const double *c) {
    double x2 = x * x, x4 = x2 * x2;
    double first = (c[0] + c[1] * x) + (c[2] + c[3] * x) * x2;
    double second = (c[4] + c[5] * x) + (c[6] + c[7] * x) * x2;
    double third = (c[8] + c[9] * x) + (c[10] + c[11] * x) * x2;
    return (first + second * x4) + (third + c[12] * x4) * (x4 * x4);
}

static const double TERMS[13] = {
    1.0, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040, 1.0 / 40320, 1.0 / 362880,
    1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600,
};
static const double ODD[13] = {
    2.0, 2.0 / 3, 2.0 / 5, 2.0 / 7, 2.0 / 9, 2.0 / 11, 2.0 / 13, 2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23,
    2.0 / 25,
};

static inline double exponential(double x) {
    x = least(most(x, -700.0), 700.0);
    double over = x * 1.4426950408889634 + 6755399441055744.0;
    double k = over - 6755399441055744.0;
    double r = (x - k * LOG2) - k * LOG2_REST;
    return series(r, TERMS) * as_double((as_bits(over) + 1023) << 52);
}

static inline double logarithm(double x) {
    uint64_t bits = as_bits(x);
    uint64_t k = (bits + ((1024ULL << 52) - 0x3FE6A09E667F3BCDULL)) >> 52;
    double m = as_double(bits + (1024ULL << 52) - (k << 52));
    double twos = as_double(k | WHOLE_BITS) - WHOLE - 1024.0;
    double f = (m - 1.0) / (m + 1.0);
    return twos * LOG2 + (f * series(f * f, ODD) + twos * LOG2_REST);
}

static inline double exponential_less_one(double x) {
    double u = exponential(x);
    return u == 1.0 ? x : (u - 1.0) * (x / logarithm(u));
}
