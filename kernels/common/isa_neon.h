/* Vector primitives on the 128-bit registers of 64-bit ARM. */
#ifndef EK_ISA_NEON_H
#define EK_ISA_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define EK_ISA neon
#define EK_F32_LANES 4
#define EK_F64_LANES 2

typedef float32x4_t vf32;
typedef float64x2_t vf64;
typedef uint32x4_t mf32;
typedef uint64x2_t mf64;

/* There is no store past the caches that C can ask for. */
static inline void ek_stream_fence(void) {}
static inline void ek_stream_line(void *to, const void *from) { memcpy(to, from, 64); }

static inline mf32 vf32_part_mask(int64_t n) {
    const int32_t lanes[] = {0, 1, 2, 3};
    return vcgtq_s32(vdupq_n_s32((int32_t)(n < 0 ? 0 : n < 4 ? n : 4)), vld1q_s32(lanes));
}
static inline mf64 vf64_part_mask(int64_t n) {
    const int64_t lanes[] = {0, 1};
    return vcgtq_s64(vdupq_n_s64(n), vld1q_s64(lanes));
}

/* T: element, V: vector, M: mask, L: lanes, S: suffix of T, U: of an unsigned integer as wide. */
#define EK_NEON_PRIMITIVES(T, V, M, L, S, U)                                                      \
    static inline V V##_load(const T *p) { return vld1q_##S(p); }                                 \
    static inline void V##_store(T *p, V a) { vst1q_##S(p, a); }                                  \
    static inline void V##_stream(T *p, V a) { vst1q_##S(p, a); }                                 \
    static inline V V##_set1(T a) { return vdupq_n_##S(a); }                                      \
    /* The lanes beyond n hold `fill`. */                                                         \
    static inline V V##_load_part_or(const T *p, int64_t n, T fill) {                             \
        T lanes[L];                                                                               \
        if (n >= L) {                                                                             \
            return vld1q_##S(p);                                                                  \
        }                                                                                         \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = i < n ? p[i] : fill;                                                       \
        }                                                                                         \
        return vld1q_##S(lanes);                                                                  \
    }                                                                                             \
    static inline V V##_load_part(const T *p, int64_t n) { return V##_load_part_or(p, n, 0); }    \
    /* The lanes in [begin, end). */                                                              \
    static inline M V##_span(int64_t begin, int64_t end) {                                        \
        return vbicq_##U(V##_part_mask(end), V##_part_mask(begin));                               \
    }                                                                                             \
    /* Zero, and memory untouched, where the mask is not set. */                                  \
    static inline V V##_load_masked(const T *p, M m) {                                            \
        T lanes[L], set[L];                                                                       \
        vst1q_##S(set, vbslq_##S(m, vdupq_n_##S(1), vdupq_n_##S(0)));                             \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = set[i] != 0 ? p[i] : 0;                                                    \
        }                                                                                         \
        return vld1q_##S(lanes);                                                                  \
    }                                                                                             \
    /* Of both registers' lanes, one after the other, those with an even or an odd number. */     \
    static inline V V##_even(V a, V b) { return vuzp1q_##S(a, b); }                               \
    static inline V V##_odd(V a, V b) { return vuzp2q_##S(a, b); }                                \
    /* p[0], p[2], p[4] and so on, n of them; the lanes beyond hold 0. */                         \
    static inline V V##_load_even(const T *p, int64_t n) {                                        \
        T lanes[L];                                                                               \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = i < n ? p[2 * i] : 0;                                                      \
        }                                                                                         \
        return vld1q_##S(lanes);                                                                  \
    }                                                                                             \
    /* All of them. The second load begins one element early: nothing behind the last is read. */ \
    static inline V V##_load_even_all(const T *p) {                                               \
        V low = vld1q_##S(p), high = vld1q_##S(p + L - 1);                                        \
        return vcombine_##S(vget_low_##S(vuzp1q_##S(low, low)),                                   \
                            vget_low_##S(vuzp2q_##S(high, high)));                                \
    }                                                                                             \
    /* The first n lanes to p[0], p[2], p[4] and so on. */                                        \
    static inline void V##_store_even(T *p, V a, int64_t n) {                                     \
        T lanes[L];                                                                               \
        vst1q_##S(lanes, a);                                                                      \
        for (int i = 0; i < L && i < n; i++) {                                                    \
            p[2 * i] = lanes[i];                                                                  \
        }                                                                                         \
    }                                                                                             \
    /* p[0], p[2], p[4] and so on, and p[1], p[3], p[5] and so on. */                             \
    static inline void V##_load_pairs(const T *p, V *even, V *odd) {                              \
        V low = vld1q_##S(p), high = vld1q_##S(p + L);                                            \
        *even = vuzp1q_##S(low, high);                                                            \
        *odd = vuzp2q_##S(low, high);                                                             \
    }                                                                                             \
    /* The lanes of both in turn: even[0], odd[0], even[1], odd[1] and so on. */                  \
    static inline void V##_store_pairs(T *p, V even, V odd) {                                     \
        vst1q_##S(p, vzip1q_##S(even, odd));                                                      \
        vst1q_##S(p + L, vzip2q_##S(even, odd));                                                  \
    }                                                                                             \
    /* p[l] = first + l step + a[l], a being integral. */                                         \
    static inline void V##_store_index(int64_t *p, V a, int64_t first, int64_t step) {            \
        T lanes[L];                                                                               \
        vst1q_##S(lanes, a);                                                                      \
        for (int i = 0; i < L; i++) {                                                             \
            p[i] = first + i * step + (int64_t)lanes[i];                                          \
        }                                                                                         \
    }                                                                                             \
    /* p[l] - first - l step. What no lane can hold is rounded, so that small numbers come of     \
     * nothing else. */                                                                           \
    static inline V V##_load_offsets(const int64_t *p, int64_t first, int64_t step) {             \
        T lanes[L];                                                                               \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = (T)(int64_t)((uint64_t)p[i] - (uint64_t)(first + i * step));               \
        }                                                                                         \
        return vld1q_##S(lanes);                                                                  \
    }                                                                                             \
    /* Integral lanes from 0 to 255 as bytes. */                                                  \
    static inline void V##_store_bytes(uint8_t *p, V a) {                                         \
        T lanes[L];                                                                               \
        vst1q_##S(lanes, a);                                                                      \
        for (int i = 0; i < L; i++) {                                                             \
            p[i] = (uint8_t)lanes[i];                                                             \
        }                                                                                         \
    }                                                                                             \
    static inline V V##_load_bytes(const uint8_t *p) {                                            \
        T lanes[L];                                                                               \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = p[i];                                                                      \
        }                                                                                         \
        return vld1q_##S(lanes);                                                                  \
    }                                                                                             \
    /* sum + x[l] in the lanes where codes[l] is `code`, and sum + 0 in the others. */            \
    static inline V V##_add_where_code(V sum, const T *x, const uint8_t *codes, int code) {       \
        T lanes[L];                                                                               \
        for (int i = 0; i < L; i++) {                                                             \
            lanes[i] = codes[i] == code ? x[i] : 0;                                               \
        }                                                                                         \
        return vaddq_##S(sum, vld1q_##S(lanes));                                                  \
    }                                                                                             \
    static inline void V##_store_part(T *p, V a, int64_t n) {                                     \
        T lanes[L];                                                                               \
        if (n >= L) {                                                                             \
            vst1q_##S(p, a);                                                                      \
            return;                                                                               \
        }                                                                                         \
        vst1q_##S(lanes, a);                                                                      \
        for (int i = 0; i < n; i++) {                                                             \
            p[i] = lanes[i];                                                                      \
        }                                                                                         \
    }                                                                                             \
    static inline V V##_add(V a, V b) { return vaddq_##S(a, b); }                                 \
    static inline V V##_sub(V a, V b) { return vsubq_##S(a, b); }                                 \
    static inline V V##_mul(V a, V b) { return vmulq_##S(a, b); }                                 \
    static inline V V##_div(V a, V b) { return vdivq_##S(a, b); }                                 \
    static inline V V##_fma(V a, V b, V c) { return vfmaq_##S(c, a, b); }                         \
    static inline M V##_lt(V a, V b) { return vcltq_##S(a, b); }                                  \
    static inline M V##_gt(V a, V b) { return vcgtq_##S(a, b); }                                  \
    static inline M V##_eq(V a, V b) { return vceqq_##S(a, b); }                                  \
    static inline M V##_le(V a, V b) { return vcleq_##S(a, b); }                                  \
    static inline M V##_ge(V a, V b) { return vcgeq_##S(a, b); }                                  \
    static inline M V##_either(M a, M b) { return vorrq_##U(a, b); }                              \
    static inline M V##_unordered(V a, V b) {                                                     \
        M ordered = vandq_##U(vceqq_##S(a, a), vceqq_##S(b, b));                                  \
        return vceqq_##U(ordered, vdupq_n_##U(0));                                                \
    }                                                                                             \
    static inline V V##_select(M m, V yes, V no) { return vbslq_##S(m, yes, no); }                \
    /* b where one of them is NaN, unlike the instructions for minimum and maximum. */            \
    static inline V V##_min(V a, V b) { return vbslq_##S(vcltq_##S(a, b), a, b); }                \
    static inline V V##_max(V a, V b) { return vbslq_##S(vcgtq_##S(a, b), a, b); }                \
    /* Zeros from lane n on. */                                                                   \
    static inline V V##_keep_part(V a, int64_t n) {                                               \
        return vbslq_##S(V##_part_mask(n), a, vdupq_n_##S(0));                                    \
    }                                                                                             \
    static inline V V##_abs(V a) { return vabsq_##S(a); }                                         \
    static inline V V##_copysign(V a, V sign) {                                                   \
        return vbslq_##S(vreinterpretq_##U##_##S(vdupq_n_##S((T) - 0.0)), sign, a);               \
    }                                                                                             \
    static inline V V##_sqrt(V a) { return vsqrtq_##S(a); }                                       \
    static inline V V##_round(V a) { return vrndnq_##S(a); }                                      \
    static inline T V##_sum(V a) { return vaddvq_##S(a); }                                        \
    static inline T V##_hmax(V a) { return vmaxvq_##S(a); }

EK_NEON_PRIMITIVES(float, vf32, mf32, 4, f32, u32)
EK_NEON_PRIMITIVES(double, vf64, mf64, 2, f64, u64)

static inline int vf32_any(mf32 m) { return vmaxvq_u32(m) != 0; }
static inline int vf64_any(mf64 m) { return vmaxvq_u32(vreinterpretq_u32_u64(m)) != 0; }
/* The first lane that is set, which one must be. */
static inline int vf32_first(mf32 m) {
    uint64_t halves = vget_lane_u64(vreinterpret_u64_u16(vmovn_u32(m)), 0);
    return __builtin_ctzll(halves) / 16;
}
static inline int vf64_first(mf64 m) { return vgetq_lane_u64(m, 0) ? 0 : 1; }

/* Lane j of rows[i] changes places with lane i of rows[j]. */
static inline void vf64_transpose(vf64 *rows) {
    vf64 first = vtrn1q_f64(rows[0], rows[1]);
    rows[1] = vtrn2q_f64(rows[0], rows[1]);
    rows[0] = first;
}
static inline void vf32_transpose(vf32 *rows) {
    vf64 pairs[4];
    for (int i = 0; i < 4; i += 2) {
        pairs[i] = vreinterpretq_f64_f32(vtrn1q_f32(rows[i], rows[i + 1]));
        pairs[i + 1] = vreinterpretq_f64_f32(vtrn2q_f32(rows[i], rows[i + 1]));
    }
    for (int i = 0; i < 2; i++) {
        rows[i] = vreinterpretq_f32_f64(vtrn1q_f64(pairs[i], pairs[i + 2]));
        rows[i + 2] = vreinterpretq_f32_f64(vtrn2q_f64(pairs[i], pairs[i + 2]));
    }
}

/* floor(log2 a) for normal a > 0. */
static inline vf32 vf32_exponent(vf32 a) {
    int32x4_t biased = vshrq_n_s32(vreinterpretq_s32_f32(a), 23);
    return vcvtq_f32_s32(vsubq_s32(biased, vdupq_n_s32(127)));
}
static inline vf64 vf64_exponent(vf64 a) {
    int64x2_t biased = vshrq_n_s64(vreinterpretq_s64_f64(a), 52);
    return vcvtq_f64_s64(vsubq_s64(biased, vdupq_n_s64(1023)));
}

static inline vf32 vf32_power_of_two(vf32 n) {
    int32x4_t power = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
    return vreinterpretq_f32_s32(vshlq_n_s32(power, 23));
}
static inline vf64 vf64_power_of_two(vf64 n) {
    int64x2_t power = vaddq_s64(vcvtq_s64_f64(n), vdupq_n_s64(1023));
    return vreinterpretq_f64_s64(vshlq_n_s64(power, 52));
}

/*
 * a * 2^n for a between 1/2 and 2 and integral n from -127 to 128 (in double -1023 to 1024), at
 * whose ends 2^n is 0 and infinity. NaN where both are.
 */
static inline vf32 vf32_scale(vf32 a, vf32 n) { return vf32_mul(a, vf32_power_of_two(n)); }
static inline vf64 vf64_scale(vf64 a, vf64 n) { return vf64_mul(a, vf64_power_of_two(n)); }

/* a / 2^exponent, in [1, 2), for normal a > 0. */
static inline vf32 vf32_mantissa(vf32 a) {
    uint32x4_t fraction = vandq_u32(vreinterpretq_u32_f32(a), vdupq_n_u32(0x7fffff));
    return vreinterpretq_f32_u32(vorrq_u32(fraction, vdupq_n_u32(127u << 23)));
}
static inline vf64 vf64_mantissa(vf64 a) {
    const uint64x2_t digits = vdupq_n_u64((UINT64_C(1) << 52) - 1);
    uint64x2_t fraction = vandq_u64(vreinterpretq_u64_f64(a), digits);
    return vreinterpretq_f64_u64(vorrq_u64(fraction, vdupq_n_u64(UINT64_C(1023) << 52)));
}

#endif
