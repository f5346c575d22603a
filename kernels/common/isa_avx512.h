/* Vector primitives on 512-bit registers. */
#ifndef EK_ISA_AVX512_H
#define EK_ISA_AVX512_H

#include "common/compiler.h"

#include <immintrin.h>
#include <stdint.h>

#define EK_ISA avx512
#define EK_F32_LANES 16
#define EK_F64_LANES 8

typedef __m512 vf32;
typedef __m512d vf64;
typedef __mmask16 mf32;
typedef __mmask8 mf64;

static inline mf32 vf32_part_mask(int64_t n) {
    return n >= 16 ? 0xffff : n <= 0 ? 0 : (mf32)((1u << n) - 1);
}
static inline mf64 vf64_part_mask(int64_t n) {
    return n >= 8 ? 0xff : n <= 0 ? 0 : (mf64)((1u << n) - 1);
}

static inline void ek_stream_fence(void) { _mm_sfence(); }

#define EK_AVX512_PRIMITIVES(T, V, M, S)                                                          \
    static inline V V##_load(const T *p) { return _mm512_loadu_##S(p); }                          \
    static inline void V##_store(T *p, V a) { _mm512_storeu_##S(p, a); }                          \
    /* Past the caches, to an aligned p; ek_stream_fence() before it is read. */                  \
    static inline void V##_stream(T *p, V a) { _mm512_stream_##S(p, a); }                         \
    static inline V V##_load_part(const T *p, int64_t n) {                                        \
        return _mm512_maskz_loadu_##S(V##_part_mask(n), p);                                       \
    }                                                                                             \
    /* The lanes in [begin, end). */                                                              \
    static inline M V##_span(int64_t begin, int64_t end) {                                        \
        return (M)(V##_part_mask(end) & ~V##_part_mask(begin));                                   \
    }                                                                                             \
    /* Zero, and memory untouched, where the mask is not set. */                                  \
    static inline V V##_load_masked(const T *p, M m) { return _mm512_maskz_loadu_##S(m, p); }     \
    /* The lanes beyond n hold `fill`. */                                                         \
    static inline V V##_load_part_or(const T *p, int64_t n, T fill) {                             \
        return _mm512_mask_loadu_##S(_mm512_set1_##S(fill), V##_part_mask(n), p);                 \
    }                                                                                             \
    static inline void V##_store_part(T *p, V a, int64_t n) {                                     \
        _mm512_mask_storeu_##S(p, V##_part_mask(n), a);                                           \
    }                                                                                             \
    /* Zeros from lane n on. */                                                                   \
    static inline V V##_keep_part(V a, int64_t n) {                                               \
        return _mm512_maskz_mov_##S(V##_part_mask(n), a);                                         \
    }                                                                                             \
    static inline V V##_set1(T a) { return _mm512_set1_##S(a); }                                  \
    static inline V V##_add(V a, V b) { return _mm512_add_##S(a, b); }                            \
    static inline V V##_sub(V a, V b) { return _mm512_sub_##S(a, b); }                            \
    static inline V V##_mul(V a, V b) { return _mm512_mul_##S(a, b); }                            \
    static inline V V##_div(V a, V b) { return _mm512_div_##S(a, b); }                            \
    static inline V V##_fma(V a, V b, V c) { return _mm512_fmadd_##S(a, b, c); }                  \
    static inline V V##_min(V a, V b) { return _mm512_min_##S(a, b); }                            \
    static inline V V##_max(V a, V b) { return _mm512_max_##S(a, b); }                            \
    static inline M V##_lt(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_LT_OQ); }          \
    static inline M V##_gt(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_GT_OQ); }          \
    static inline M V##_eq(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_EQ_OQ); }          \
    static inline M V##_le(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_LE_OQ); }          \
    static inline M V##_ge(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_GE_OQ); }          \
    static inline M V##_either(M a, M b) { return (M)(a | b); }                                   \
    static inline M V##_unordered(V a, V b) { return _mm512_cmp_##S##_mask(a, b, _CMP_UNORD_Q); } \
    static inline int V##_any(M m) { return m != 0; }                                             \
    /* The first lane that is set, which one must be. */                                          \
    static inline int V##_first(M m) { return ek_lowest_bit(m); }                                 \
    static inline V V##_select(M m, V yes, V no) { return _mm512_mask_blend_##S(m, no, yes); }    \
    static inline V V##_abs(V a) { return _mm512_abs_##S(a); }                                    \
    static inline V V##_copysign(V a, V sign) {                                                   \
        const V bit = _mm512_set1_##S((T) - 0.0);                                                 \
        return _mm512_or_##S(_mm512_andnot_##S(bit, a), _mm512_and_##S(bit, sign));               \
    }                                                                                             \
    static inline V V##_sqrt(V a) { return _mm512_sqrt_##S(a); }                                  \
    static inline V V##_round(V a) {                                                              \
        return _mm512_roundscale_##S(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);           \
    }                                                                                             \
    static inline T V##_sum(V a) { return _mm512_reduce_add_##S(a); }                             \
    static inline T V##_hmax(V a) { return _mm512_reduce_max_##S(a); }                            \
    /* floor(log2 a) for normal a > 0. */                                                         \
    static inline V V##_exponent(V a) { return _mm512_getexp_##S(a); }                            \
    /* a * 2^n for integral n; NaN where both are. What others take 2^n for at the ends of the    \
     * range of n, 0 and infinity, is not to matter. */                                           \
    static inline V V##_scale(V a, V n) { return _mm512_scalef_##S(a, n); }                       \
    /* a / 2^exponent, in [1, 2), for normal a > 0. */                                            \
    static inline V V##_mantissa(V a) {                                                           \
        return _mm512_getmant_##S(a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);                       \
    }

EK_AVX512_PRIMITIVES(float, vf32, mf32, ps)
EK_AVX512_PRIMITIVES(double, vf64, mf64, pd)

/*
 * Half a register, for what fills no more: many processors compute two of them in the time of a
 * whole one. Only where EK_HALVES is defined.
 */
#define EK_HALVES

typedef __m256 vf32_half;
typedef __m256d vf64_half;

#define EK_AVX512_HALVES(T, V, S, WHOLE)                                                         \
    static inline V##_half V##_half_zero(void) { return _mm256_setzero_##S(); }                  \
    static inline V##_half V##_half_set1(T a) { return _mm256_set1_##S(a); }                     \
    static inline V##_half V##_half_of(V a) { return _mm512_cast##WHOLE(a); }                    \
    static inline V##_half V##_half_load_part(const T *p, int64_t n) {                           \
        return _mm256_maskz_loadu_##S((__mmask8)V##_part_mask(n), p);                            \
    }                                                                                            \
    static inline void V##_half_store_part(T *p, V##_half a, int64_t n) {                        \
        _mm256_mask_storeu_##S(p, (__mmask8)V##_part_mask(n), a);                                \
    }                                                                                            \
    static inline V##_half V##_half_add(V##_half a, V##_half b) { return _mm256_add_##S(a, b); } \
    static inline V##_half V##_half_fma(V##_half a, V##_half b, V##_half c) {                    \
        return _mm256_fmadd_##S(a, b, c);                                                        \
    }

EK_AVX512_HALVES(float, vf32, ps, ps512_ps256)
EK_AVX512_HALVES(double, vf64, pd, pd512_pd256)

/* p[0], p[2], p[4] and so on. The second load begins one element early, so that nothing behind the
 * last is read. */
static inline vf32 vf32_pick_even(vf32 low, vf32 high) {
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(low, even, high);
}
static inline vf64 vf64_pick_even(vf64 low, vf64 high) {
    return _mm512_permutex2var_pd(low, _mm512_setr_epi64(0, 2, 4, 6, 9, 11, 13, 15), high);
}
static inline vf32 vf32_load_even_all(const float *p) {
    return vf32_pick_even(vf32_load(p), vf32_load(p + 15));
}
static inline vf64 vf64_load_even_all(const double *p) {
    return vf64_pick_even(vf64_load(p), vf64_load(p + 7));
}
/* The first n of them; the lanes beyond hold 0. */
static inline vf32 vf32_load_even(const float *p, int64_t n) {
    return vf32_pick_even(vf32_load_part(p, 2 * n - 1), vf32_load_part(p + 15, 2 * n - 16));
}
static inline vf64 vf64_load_even(const double *p, int64_t n) {
    return vf64_pick_even(vf64_load_part(p, 2 * n - 1), vf64_load_part(p + 7, 2 * n - 8));
}

/* p[0], p[2], p[4] and so on, and p[1], p[3], p[5] and so on. */
static inline void vf32_load_pairs(const float *p, vf32 *even, vf32 *odd) {
    const __m512i lanes =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    vf32 low = vf32_load(p), high = vf32_load(p + 16);
    *even = _mm512_permutex2var_ps(low, lanes, high);
    *odd = _mm512_permutex2var_ps(low, _mm512_add_epi32(lanes, _mm512_set1_epi32(1)), high);
}
static inline void vf64_load_pairs(const double *p, vf64 *even, vf64 *odd) {
    const __m512i lanes = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    vf64 low = vf64_load(p), high = vf64_load(p + 8);
    *even = _mm512_permutex2var_pd(low, lanes, high);
    *odd = _mm512_permutex2var_pd(low, _mm512_add_epi64(lanes, _mm512_set1_epi64(1)), high);
}

/* The lanes of both in turn: even[0], odd[0], even[1], odd[1] and so on. */
static inline void vf32_store_pairs(float *p, vf32 even, vf32 odd) {
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    vf32_store(p, _mm512_permutex2var_ps(even, low, odd));
    vf32_store(p + 16, _mm512_permutex2var_ps(even, high, odd));
}
static inline void vf64_store_pairs(double *p, vf64 even, vf64 odd) {
    const __m512i low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11);
    const __m512i high = _mm512_add_epi64(low, _mm512_set1_epi64(4));
    vf64_store(p, _mm512_permutex2var_pd(even, low, odd));
    vf64_store(p + 8, _mm512_permutex2var_pd(even, high, odd));
}

/* p[l] = first + l step + a[l], a being integral. */
static inline void vf64_store_index(int64_t *p, vf64 a, int64_t first, int64_t step) {
    const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i base = _mm512_mullo_epi64(lane, _mm512_set1_epi64(step));
    base = _mm512_add_epi64(base, _mm512_set1_epi64(first));
    _mm512_storeu_si512(p, _mm512_add_epi64(base, _mm512_cvttpd_epi64(a)));
}
static inline void vf32_store_index(int64_t *p, vf32 a, int64_t first, int64_t step) {
    vf64_store_index(p, _mm512_cvtps_pd(_mm512_castps512_ps256(a)), first, step);
    vf64_store_index(p + 8, _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1)), first + 8 * step, step);
}

/* p[l] - first - l step. What no lane can hold is rounded, so that small numbers come of nothing
 * else. */
static inline vf64 vf64_load_offsets(const int64_t *p, int64_t first, int64_t step) {
    const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i base = _mm512_mullo_epi64(lane, _mm512_set1_epi64(step));
    base = _mm512_add_epi64(base, _mm512_set1_epi64(first));
    return _mm512_cvtepi64_pd(_mm512_sub_epi64(_mm512_loadu_si512(p), base));
}
static inline vf32 vf32_load_offsets(const int64_t *p, int64_t first, int64_t step) {
    const __m512i lane = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
    __m512i base = _mm512_mullo_epi64(lane, _mm512_set1_epi64(step));
    base = _mm512_add_epi64(base, _mm512_set1_epi64(first));
    __m512i low = _mm512_sub_epi64(_mm512_loadu_si512(p), base);
    base = _mm512_add_epi64(base, _mm512_set1_epi64(8 * step));
    __m512i high = _mm512_sub_epi64(_mm512_loadu_si512(p + 8), base);
    vf32 offsets = _mm512_castps256_ps512(_mm512_cvtepi64_ps(low));
    return _mm512_insertf32x8(offsets, _mm512_cvtepi64_ps(high), 1);
}

/* Integral lanes from 0 to 255 as bytes. */
static inline void vf32_store_bytes(uint8_t *p, vf32 a) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a)));
}
static inline void vf64_store_bytes(uint8_t *p, vf64 a) {
    _mm_storel_epi64((__m128i *)p, _mm256_cvtepi32_epi8(_mm512_cvtpd_epi32(a)));
}
static inline vf32 vf32_load_bytes(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p)));
}
static inline vf64 vf64_load_bytes(const uint8_t *p) {
    return _mm512_cvtepi32_pd(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
/* sum + x[l] in the lanes where codes[l] is `code`. */
static inline vf32 vf32_add_where_code(vf32 sum, const float *x, const uint8_t *codes, int code) {
    __m128i bytes = _mm_loadu_si128((const __m128i *)codes);
    __mmask16 equal = _mm_cmpeq_epi8_mask(bytes, _mm_set1_epi8((char)code));
    return _mm512_mask_add_ps(sum, equal, sum, vf32_load(x));
}
static inline vf64 vf64_add_where_code(vf64 sum, const double *x, const uint8_t *codes, int code) {
    __m128i bytes = _mm_loadl_epi64((const __m128i *)codes);
    __mmask16 equal = _mm_cmpeq_epi8_mask(bytes, _mm_set1_epi8((char)code));
    return _mm512_mask_add_pd(sum, (__mmask8)equal, sum, vf64_load(x));
}

/* 64 bytes past the caches; `to` is aligned to as many. */
static inline void ek_stream_line(void *to, const void *from) {
    _mm512_stream_si512(to, _mm512_loadu_si512(from));
}

/* Lane j of rows[i] changes places with lane i of rows[j]. */
static inline void vf32_transpose(vf32 *rows) {
    vf32 pairs[16], quads[16];
    EK_UNROLL
    for (int i = 0; i < 16; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
    }
    EK_UNROLL
    for (int i = 0; i < 16; i += 4) {
        quads[i] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
        quads[i + 1] = _mm512_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
        quads[i + 2] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
        quads[i + 3] = _mm512_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
    }
    EK_UNROLL
    for (int i = 0; i < 4; i++) {
        vf32 even_low = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0x88);
        vf32 odd_low = _mm512_shuffle_f32x4(quads[i], quads[i + 4], 0xdd);
        vf32 even_high = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0x88);
        vf32 odd_high = _mm512_shuffle_f32x4(quads[i + 8], quads[i + 12], 0xdd);
        rows[i] = _mm512_shuffle_f32x4(even_low, even_high, 0x88);
        rows[i + 4] = _mm512_shuffle_f32x4(odd_low, odd_high, 0x88);
        rows[i + 8] = _mm512_shuffle_f32x4(even_low, even_high, 0xdd);
        rows[i + 12] = _mm512_shuffle_f32x4(odd_low, odd_high, 0xdd);
    }
}
static inline void vf64_transpose(vf64 *rows) {
    vf64 pairs[8];
    EK_UNROLL
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm512_unpacklo_pd(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_pd(rows[i], rows[i + 1]);
    }
    EK_UNROLL
    for (int i = 0; i < 2; i++) {
        vf64 even_low = _mm512_shuffle_f64x2(pairs[i], pairs[i + 2], 0x88);
        vf64 odd_low = _mm512_shuffle_f64x2(pairs[i], pairs[i + 2], 0xdd);
        vf64 even_high = _mm512_shuffle_f64x2(pairs[i + 4], pairs[i + 6], 0x88);
        vf64 odd_high = _mm512_shuffle_f64x2(pairs[i + 4], pairs[i + 6], 0xdd);
        rows[i] = _mm512_shuffle_f64x2(even_low, even_high, 0x88);
        rows[i + 2] = _mm512_shuffle_f64x2(odd_low, odd_high, 0x88);
        rows[i + 4] = _mm512_shuffle_f64x2(even_low, even_high, 0xdd);
        rows[i + 6] = _mm512_shuffle_f64x2(odd_low, odd_high, 0xdd);
    }
}

/* The first n lanes to p[0], p[2], p[4] and so on. */
static inline void vf32_store_even(float *p, vf32 a, int64_t n) {
    const __m512i low = _mm512_setr_epi32(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0);
    const __m512i high = _mm512_add_epi32(low, _mm512_set1_epi32(8));
    _mm512_mask_storeu_ps(p, 0x5555 & vf32_part_mask(2 * n), _mm512_permutexvar_ps(low, a));
    _mm512_mask_storeu_ps(p + 16, 0x5555 & vf32_part_mask(2 * n - 16),
                          _mm512_permutexvar_ps(high, a));
}
static inline void vf64_store_even(double *p, vf64 a, int64_t n) {
    const __m512i low = _mm512_setr_epi64(0, 0, 1, 0, 2, 0, 3, 0);
    const __m512i high = _mm512_add_epi64(low, _mm512_set1_epi64(4));
    _mm512_mask_storeu_pd(p, 0x55 & vf64_part_mask(2 * n), _mm512_permutexvar_pd(low, a));
    _mm512_mask_storeu_pd(p + 8, 0x55 & vf64_part_mask(2 * n - 8), _mm512_permutexvar_pd(high, a));
}

/* Of both registers' lanes, one after the other, those with an even or an odd number. */
static inline vf32 vf32_even(vf32 a, vf32 b) {
    const __m512i lanes =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, lanes, b);
}
static inline vf32 vf32_odd(vf32 a, vf32 b) {
    const __m512i lanes =
        _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, lanes, b);
}
static inline vf64 vf64_even(vf64 a, vf64 b) {
    return _mm512_permutex2var_pd(a, _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), b);
}
static inline vf64 vf64_odd(vf64 a, vf64 b) {
    return _mm512_permutex2var_pd(a, _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15), b);
}

#endif
