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

#define EK_SCALAR_PRIMITIVES(T, V, M)                                               \
    static inline V V##_load(const T *p) { return *p; }                             \
    static inline void V##_store(T *p, V a) { *p = a; }                             \
    static inline V V##_load_part(const T *p, int64_t n) { return n > 0 ? *p : 0; } \
    static inline void V##_store_part(T *p, V a, int64_t n) {                       \
        if (n > 0) {                                                                \
            *p = a;                                                                 \
        }                                                                           \
    }                                                                               \
    static inline V V##_set1(T a) { return a; }                                     \
    static inline V V##_add(V a, V b) { return a + b; }                             \
    static inline V V##_sub(V a, V b) { return a - b; }                             \
    static inline V V##_mul(V a, V b) { return a * b; }                             \
    static inline V V##_div(V a, V b) { return a / b; }                             \
    static inline V V##_fma(V a, V b, V c) { return a * b + c; }                    \
    static inline V V##_min(V a, V b) { return a < b ? a : b; }                     \
    static inline V V##_max(V a, V b) { return a > b ? a : b; }                     \
    static inline M V##_lt(V a, V b) { return a < b; }                              \
    static inline M V##_gt(V a, V b) { return a > b; }                              \
    static inline M V##_eq(V a, V b) { return a == b; }                             \
    static inline M V##_unordered(V a, V b) { return a != a || b != b; }            \
    static inline V V##_select(M m, V yes, V no) { return m ? yes : no; }           \
    static inline V V##_abs(V a) { return a < 0 ? -a : a == 0 ? 0 : a; }            \
    static inline T V##_sum(V a) { return a; }                                      \
    static inline T V##_hmax(V a) { return a; }

EK_SCALAR_PRIMITIVES(float, vf32, mf32)
EK_SCALAR_PRIMITIVES(double, vf64, mf64)

static inline vf32 vf32_sqrt(vf32 a) { return sqrtf(a); }
static inline vf64 vf64_sqrt(vf64 a) { return sqrt(a); }
static inline vf32 vf32_round(vf32 a) { return rintf(a); }
static inline vf64 vf64_round(vf64 a) { return rint(a); }

/* a * 2^n for integral n within the range of normal exponents. */
static inline vf32 vf32_scale(vf32 a, vf32 n) {
    int32_t bits = ((int32_t)n + 127) * (1 << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return a * power;
}
static inline vf64 vf64_scale(vf64 a, vf64 n) {
    int64_t bits = ((int64_t)n + 1023) * (INT64_C(1) << 52);
    double power;
    memcpy(&power, &bits, sizeof power);
    return a * power;
}

#endif
