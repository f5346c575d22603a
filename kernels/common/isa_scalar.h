/* Vector primitives of one lane: the algorithm in plain C. */
#ifndef EK_ISA_SCALAR_H
#define EK_ISA_SCALAR_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define EK_ISA scalar
#define EK_F32_LANES 1
#define EK_F64_LANES 1

typedef float vf32;
typedef double vf64;
typedef int mf32;
typedef int mf64;

static inline void ek_stream_fence(void) {}

#define EK_SCALAR_PRIMITIVES(T, V, M)                                                             \
    static inline V V##_load(const T *p) { return *p; }                                           \
    static inline void V##_store(T *p, V a) { *p = a; }                                           \
    static inline void V##_stream(T *p, V a) { *p = a; }                                          \
    static inline V V##_load_part(const T *p, int64_t n) { return n > 0 ? *p : 0; }               \
    /* The lanes in [begin, end). */                                                              \
    static inline M V##_span(int64_t begin, int64_t end) { return begin <= 0 && end > 0; }        \
    /* Zero, and memory untouched, where the mask is not set. */                                  \
    static inline V V##_load_masked(const T *p, M m) { return m ? *p : 0; }                       \
    /* Of both registers' lanes, one after the other, those with an even or an odd number. */     \
    static inline V V##_even(V a, V b) { return (void)b, a; }                                     \
    static inline V V##_odd(V a, V b) { return (void)a, b; }                                      \
    /* The lanes beyond n hold `fill`. */                                                         \
    static inline V V##_load_part_or(const T *p, int64_t n, T fill) { return n > 0 ? *p : fill; } \
    /* p[0], p[2], p[4] and so on. */                                                             \
    static inline V V##_load_even_all(const T *p) { return *p; }                                  \
    /* The first n of them; the lanes beyond hold 0. */                                           \
    static inline V V##_load_even(const T *p, int64_t n) { return n > 0 ? *p : 0; }               \
    /* p[0], p[2], p[4] and so on, and p[1], p[3], p[5] and so on. */                             \
    static inline void V##_load_pairs(const T *p, V *even, V *odd) {                              \
        *even = p[0];                                                                             \
        *odd = p[1];                                                                              \
    }                                                                                             \
    /* The lanes of both in turn: even[0], odd[0], even[1], odd[1] and so on. */                  \
    static inline void V##_store_pairs(T *p, V even, V odd) {                                     \
        p[0] = even;                                                                              \
        p[1] = odd;                                                                               \
    }                                                                                             \
    /* p[l] = first + l step + a[l], a being integral. */                                         \
    static inline void V##_store_index(int64_t *p, V a, int64_t first, int64_t step) {            \
        (void)step;                                                                               \
        *p = first + (int64_t)a;                                                                  \
    }                                                                                             \
    /* p[l] - first - l step, rounded where a lane cannot hold it. */                             \
    static inline V V##_load_offsets(const int64_t *p, int64_t first, int64_t step) {             \
        (void)step;                                                                               \
        return (V)(int64_t)((uint64_t)*p - (uint64_t)first);                                      \
    }                                                                                             \
    /* Integral lanes from 0 to 255 as bytes. */                                                  \
    static inline void V##_store_bytes(uint8_t *p, V a) { *p = (uint8_t)a; }                      \
    static inline V V##_load_bytes(const uint8_t *p) { return *p; }                               \
    /* sum + x[l] in the lanes where codes[l] is `code`. */                                       \
    static inline V V##_add_where_code(V sum, const T *x, const uint8_t *codes, int code) {       \
        return *codes == code ? sum + *x : sum;                                                   \
    }                                                                                             \
    /* The first n lanes to p[0], p[2], p[4] and so on. */                                        \
    static inline void V##_store_even(T *p, V a, int64_t n) {                                     \
        if (n > 0) {                                                                              \
            *p = a;                                                                               \
        }                                                                                         \
    }                                                                                             \
    static inline void V##_store_part(T *p, V a, int64_t n) {                                     \
        if (n > 0) {                                                                              \
            *p = a;                                                                               \
        }                                                                                         \
    }                                                                                             \
    static inline V V##_keep_part(V a, int64_t n) { return n > 0 ? a : 0; }                       \
    static inline V V##_set1(T a) { return a; }                                                   \
    static inline V V##_add(V a, V b) { return a + b; }                                           \
    static inline V V##_sub(V a, V b) { return a - b; }                                           \
    static inline V V##_mul(V a, V b) { return a * b; }                                           \
    static inline V V##_div(V a, V b) { return a / b; }                                           \
    static inline V V##_fma(V a, V b, V c) { return a * b + c; }                                  \
    static inline V V##_min(V a, V b) { return a < b ? a : b; }                                   \
    static inline V V##_max(V a, V b) { return a > b ? a : b; }                                   \
    static inline M V##_lt(V a, V b) { return a < b; }                                            \
    static inline M V##_gt(V a, V b) { return a > b; }                                            \
    static inline M V##_eq(V a, V b) { return a == b; }                                           \
    static inline M V##_le(V a, V b) { return a <= b; }                                           \
    static inline M V##_ge(V a, V b) { return a >= b; }                                           \
    static inline M V##_either(M a, M b) { return a | b; }                                        \
    static inline M V##_unordered(V a, V b) { return a != a || b != b; }                          \
    static inline int V##_any(M m) { return m != 0; }                                             \
    /* The first lane that is set, which one must be. */                                          \
    static inline int V##_first(M m) { return (void)m, 0; }                                       \
    static inline V V##_select(M m, V yes, V no) { return m ? yes : no; }                         \
    static inline V V##_abs(V a) { return a < 0 ? -a : a == 0 ? 0 : a; }                          \
    static inline T V##_sum(V a) { return a; }                                                    \
    /* Lane j of rows[i] changes places with lane i of rows[j]. */                                \
    static inline void V##_transpose(V *rows) { (void)rows; }                                     \
    static inline T V##_hmax(V a) { return a; }

EK_SCALAR_PRIMITIVES(float, vf32, mf32)
EK_SCALAR_PRIMITIVES(double, vf64, mf64)

/* 64 bytes past the caches; `to` is aligned to as many. */
static inline void ek_stream_line(void *to, const void *from) { memcpy(to, from, 64); }

static inline vf32 vf32_sqrt(vf32 a) { return sqrtf(a); }
static inline vf64 vf64_sqrt(vf64 a) { return sqrt(a); }
static inline vf32 vf32_round(vf32 a) { return rintf(a); }
static inline vf64 vf64_round(vf64 a) { return rint(a); }

static inline vf32 vf32_copysign(vf32 a, vf32 sign) { return copysignf(a, sign); }
static inline vf64 vf64_copysign(vf64 a, vf64 sign) { return copysign(a, sign); }

/* floor(log2 a) for normal a > 0. */
static inline vf32 vf32_exponent(vf32 a) {
    int32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return (vf32)((bits >> 23) - 127);
}
static inline vf64 vf64_exponent(vf64 a) {
    int64_t bits;
    memcpy(&bits, &a, sizeof bits);
    return (vf64)((bits >> 52) - 1023);
}

static inline vf32 vf32_power_of_two(vf32 n) {
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    vf32 power;
    memcpy(&power, &bits, sizeof power);
    return power;
}
static inline vf64 vf64_power_of_two(vf64 n) {
    uint64_t bits = (uint64_t)((int64_t)n + 1023) << 52;
    vf64 power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/*
 * a * 2^n for a between 1/2 and 2 and integral n from -127 to 128 (in double -1023 to 1024), at
 * whose ends 2^n is 0 and infinity. NaN where both are.
 */
static inline vf32 vf32_scale(vf32 a, vf32 n) { return n != n ? n : a * vf32_power_of_two(n); }
static inline vf64 vf64_scale(vf64 a, vf64 n) { return n != n ? n : a * vf64_power_of_two(n); }

/* a / 2^exponent, in [1, 2), for normal a > 0. */
static inline vf32 vf32_mantissa(vf32 a) {
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits = (bits & 0x7fffff) | UINT32_C(127) << 23;
    memcpy(&a, &bits, sizeof a);
    return a;
}
static inline vf64 vf64_mantissa(vf64 a) {
    uint64_t bits;
    memcpy(&bits, &a, sizeof bits);
    bits = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1023) << 52;
    memcpy(&a, &bits, sizeof a);
    return a;
}

#endif
