/* Vector primitives on 256-bit registers. */
#ifndef EK_ISA_AVX2_H
#define EK_ISA_AVX2_H

#include "common/compiler.h"

#include <immintrin.h>
#include <stdint.h>

#define EK_ISA avx2
#define EK_F32_LANES 8
#define EK_F64_LANES 4

typedef __m256 vf32;
typedef __m256d vf64;
typedef __m256 mf32;
typedef __m256d mf64;

static inline __m256i vf32_part_mask(int64_t n) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n < 8 ? n : 8)), lane);
}
static inline __m256i vf64_part_mask(int64_t n) {
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}

static inline unsigned vf32_bits(__m256 m) { return (unsigned)_mm256_movemask_ps(m); }
static inline unsigned vf64_bits(__m256d m) { return (unsigned)_mm256_movemask_pd(m); }

static inline void ek_stream_fence(void) { _mm_sfence(); }

#define EK_AVX2_PRIMITIVES(T, V, M, S)                                                        \
    static inline V V##_load(const T *p) { return _mm256_loadu_##S(p); }                      \
    static inline void V##_store(T *p, V a) { _mm256_storeu_##S(p, a); }                      \
    /* Past the caches, to an aligned p; ek_stream_fence() before it is read. */              \
    static inline void V##_stream(T *p, V a) { _mm256_stream_##S(p, a); }                     \
    static inline V V##_load_part(const T *p, int64_t n) {                                    \
        return _mm256_maskload_##S(p, V##_part_mask(n));                                      \
    }                                                                                         \
    /* The lanes in [begin, end). */                                                          \
    static inline M V##_span(int64_t begin, int64_t end) {                                    \
        return _mm256_castsi256_##S(                                                          \
            _mm256_andnot_si256(V##_part_mask(begin), V##_part_mask(end)));                   \
    }                                                                                         \
    /* Zero, and memory untouched, where the mask is not set. */                              \
    static inline V V##_load_masked(const T *p, M m) {                                        \
        return _mm256_maskload_##S(p, _mm256_cast##S##_si256(m));                             \
    }                                                                                         \
    /* The lanes beyond n hold `fill`. */                                                     \
    static inline V V##_load_part_or(const T *p, int64_t n, T fill) {                         \
        M part = _mm256_castsi256_##S(V##_part_mask(n));                                      \
        return _mm256_blendv_##S(_mm256_set1_##S(fill), V##_load_part(p, n), part);           \
    }                                                                                         \
    static inline void V##_store_part(T *p, V a, int64_t n) {                                 \
        _mm256_maskstore_##S(p, V##_part_mask(n), a);                                         \
    }                                                                                         \
    /* Zeros from lane n on. */                                                               \
    static inline V V##_keep_part(V a, int64_t n) {                                           \
        return _mm256_and_##S(a, _mm256_castsi256_##S(V##_part_mask(n)));                     \
    }                                                                                         \
    static inline V V##_set1(T a) { return _mm256_set1_##S(a); }                              \
    static inline V V##_add(V a, V b) { return _mm256_add_##S(a, b); }                        \
    static inline V V##_sub(V a, V b) { return _mm256_sub_##S(a, b); }                        \
    static inline V V##_mul(V a, V b) { return _mm256_mul_##S(a, b); }                        \
    static inline V V##_div(V a, V b) { return _mm256_div_##S(a, b); }                        \
    static inline V V##_fma(V a, V b, V c) { return _mm256_fmadd_##S(a, b, c); }              \
    static inline V V##_min(V a, V b) { return _mm256_min_##S(a, b); }                        \
    static inline V V##_max(V a, V b) { return _mm256_max_##S(a, b); }                        \
    static inline M V##_lt(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_LT_OQ); }             \
    static inline M V##_gt(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_GT_OQ); }             \
    static inline M V##_eq(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_EQ_OQ); }             \
    static inline M V##_le(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_LE_OQ); }             \
    static inline M V##_ge(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_GE_OQ); }             \
    static inline M V##_either(M a, M b) { return _mm256_or_##S(a, b); }                      \
    static inline M V##_unordered(V a, V b) { return _mm256_cmp_##S(a, b, _CMP_UNORD_Q); }    \
    static inline int V##_any(M m) { return _mm256_movemask_##S(m) != 0; }                    \
    /* The first lane that is set, which one must be. */                                      \
    static inline int V##_first(M m) { return ek_lowest_bit(V##_bits(m)); }                   \
    static inline V V##_select(M m, V yes, V no) { return _mm256_blendv_##S(no, yes, m); }    \
    static inline V V##_abs(V a) { return _mm256_andnot_##S(_mm256_set1_##S((T) - 0.0), a); } \
    static inline V V##_copysign(V a, V sign) {                                               \
        const V bit = _mm256_set1_##S((T) - 0.0);                                             \
        return _mm256_or_##S(_mm256_andnot_##S(bit, a), _mm256_and_##S(bit, sign));           \
    }                                                                                         \
    static inline V V##_sqrt(V a) { return _mm256_sqrt_##S(a); }                              \
    static inline V V##_round(V a) {                                                          \
        return _mm256_round_##S(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);            \
    }

EK_AVX2_PRIMITIVES(float, vf32, mf32, ps)
EK_AVX2_PRIMITIVES(double, vf64, mf64, pd)

/* p[0], p[2], p[4] and so on. The second load begins one element early, so that nothing behind the
 * last is read. */
static inline vf32 vf32_pick_even(vf32 low, vf32 high) {
    vf32 pairs = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 2, 0));
    return _mm256_castpd_ps(
        _mm256_permute4x64_pd(_mm256_castps_pd(pairs), _MM_SHUFFLE(3, 1, 2, 0)));
}
static inline vf64 vf64_pick_even(vf64 low, vf64 high) {
    return _mm256_permute4x64_pd(_mm256_shuffle_pd(low, high, 10), _MM_SHUFFLE(3, 1, 2, 0));
}
static inline vf32 vf32_load_even_all(const float *p) {
    return vf32_pick_even(vf32_load(p), vf32_load(p + 7));
}
static inline vf64 vf64_load_even_all(const double *p) {
    return vf64_pick_even(vf64_load(p), vf64_load(p + 3));
}
/* The first n of them; the lanes beyond hold 0. */
static inline vf32 vf32_load_even(const float *p, int64_t n) {
    return vf32_pick_even(vf32_load_part(p, 2 * n - 1), vf32_load_part(p + 7, 2 * n - 8));
}
static inline vf64 vf64_load_even(const double *p, int64_t n) {
    return vf64_pick_even(vf64_load_part(p, 2 * n - 1), vf64_load_part(p + 3, 2 * n - 4));
}

/* p[0], p[2], p[4] and so on, and p[1], p[3], p[5] and so on. */
static inline void vf32_load_pairs(const float *p, vf32 *even, vf32 *odd) {
    vf32 a = vf32_load(p), b = vf32_load(p + 8);
    vf32 low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    *even = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(2, 0, 2, 0));
    *odd = _mm256_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1));
}
static inline void vf64_load_pairs(const double *p, vf64 *even, vf64 *odd) {
    vf64 a = vf64_load(p), b = vf64_load(p + 4);
    vf64 low = _mm256_permute2f128_pd(a, b, 0x20), high = _mm256_permute2f128_pd(a, b, 0x31);
    *even = _mm256_unpacklo_pd(low, high);
    *odd = _mm256_unpackhi_pd(low, high);
}

/* The lanes of both in turn: even[0], odd[0], even[1], odd[1] and so on. */
static inline void vf32_store_pairs(float *p, vf32 even, vf32 odd) {
    vf32 low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    vf32_store(p, _mm256_permute2f128_ps(low, high, 0x20));
    vf32_store(p + 8, _mm256_permute2f128_ps(low, high, 0x31));
}
static inline void vf64_store_pairs(double *p, vf64 even, vf64 odd) {
    vf64 low = _mm256_unpacklo_pd(even, odd), high = _mm256_unpackhi_pd(even, odd);
    vf64_store(p, _mm256_permute2f128_pd(low, high, 0x20));
    vf64_store(p + 4, _mm256_permute2f128_pd(low, high, 0x31));
}

/* p[l] = first + l step + a[l], a being integral and below 2^51. */
static inline void vf64_store_index(int64_t *p, vf64 a, int64_t first, int64_t step) {
    /* As the low bits of 2^52 an integral number is an integer without a conversion. */
    const __m256d shift = _mm256_set1_pd(0x1p52);
    __m256i offset = _mm256_castpd_si256(_mm256_xor_pd(_mm256_add_pd(a, shift), shift));
    __m256i base = _mm256_setr_epi64x(first, first + step, first + 2 * step, first + 3 * step);
    _mm256_storeu_si256((__m256i *)p, _mm256_add_epi64(base, offset));
}
static inline void vf32_store_index(int64_t *p, vf32 a, int64_t first, int64_t step) {
    vf64_store_index(p, _mm256_cvtps_pd(_mm256_castps256_ps128(a)), first, step);
    vf64_store_index(p + 4, _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1)), first + 4 * step, step);
}

/* p[l] - first - l step. What lies below 0, or above 2^31 in float and 2^52 in double, becomes
 * another number, but none from 0 to there. */
static inline vf64 vf64_load_offsets(const int64_t *p, int64_t first, int64_t step) {
    /* As the low bits of 2^52 an integral number is one without a conversion. */
    const __m256d shift = _mm256_set1_pd(0x1p52);
    __m256i base = _mm256_setr_epi64x(first, first + step, first + 2 * step, first + 3 * step);
    __m256i offset = _mm256_sub_epi64(_mm256_loadu_si256((const __m256i *)p), base);
    offset = _mm256_add_epi64(offset, _mm256_castpd_si256(shift));
    return _mm256_sub_pd(_mm256_castsi256_pd(offset), shift);
}
static inline vf32 vf32_load_offsets(const int64_t *p, int64_t first, int64_t step) {
    __m256i base = _mm256_setr_epi64x(first, first + step, first + 2 * step, first + 3 * step);
    __m256i low = _mm256_sub_epi64(_mm256_loadu_si256((const __m256i *)p), base);
    base = _mm256_add_epi64(base, _mm256_set1_epi64x(4 * step));
    __m256i high = _mm256_sub_epi64(_mm256_loadu_si256((const __m256i *)p + 1), base);
    /* The halves of the integers: lanes 0, 1, 4, 5, 2, 3, 6 and 7. */
    __m256 a = _mm256_castsi256_ps(low), b = _mm256_castsi256_ps(high);
    __m256i lower = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88));
    __m256i upper = _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd));
    __m256i fits = _mm256_cmpeq_epi32(upper, _mm256_setzero_si256());
    __m256i offset = _mm256_or_si256(lower, _mm256_xor_si256(fits, _mm256_set1_epi32(-1)));
    return _mm256_cvtepi32_ps(_mm256_permute4x64_epi64(offset, 0xd8));
}

/* Integral lanes from 0 to 255 as bytes. */
static inline void vf32_store_bytes(uint8_t *p, vf32 a) {
    __m256i words = _mm256_cvtps_epi32(a);
    __m128i halves =
        _mm_packus_epi32(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(halves, halves));
}
static inline void vf64_store_bytes(uint8_t *p, vf64 a) {
    __m128i words = _mm256_cvtpd_epi32(a), halves = _mm_packus_epi32(words, words);
    _mm_storeu_si32(p, _mm_packus_epi16(halves, halves));
}
static inline vf32 vf32_load_bytes(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}
static inline vf64 vf64_load_bytes(const uint8_t *p) {
    return _mm256_cvtepi32_pd(_mm_cvtepu8_epi32(_mm_loadu_si32(p)));
}
/* sum + x[l] in the lanes where codes[l] is `code`, and sum + 0 in the others. */
static inline vf32 vf32_add_where_code(vf32 sum, const float *x, const uint8_t *codes, int code) {
    __m128i bytes = _mm_loadl_epi64((const __m128i *)codes);
    __m256i equal = _mm256_cvtepi8_epi32(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)code)));
    return _mm256_add_ps(sum, _mm256_and_ps(_mm256_castsi256_ps(equal), vf32_load(x)));
}
static inline vf64 vf64_add_where_code(vf64 sum, const double *x, const uint8_t *codes, int code) {
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si32(codes), _mm_set1_epi8((char)code));
    __m256d mask = _mm256_castsi256_pd(_mm256_cvtepi8_epi64(equal));
    return _mm256_add_pd(sum, _mm256_and_pd(mask, vf64_load(x)));
}

/* 64 bytes past the caches; `to` is aligned to as many. */
static inline void ek_stream_line(void *to, const void *from) {
    const __m256i *source = from;
    _mm256_stream_si256(to, _mm256_loadu_si256(source));
    _mm256_stream_si256((__m256i *)to + 1, _mm256_loadu_si256(source + 1));
}

static inline float vf32_sum(vf32 a) {
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_add_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)));
}
static inline double vf64_sum(vf64 a) {
    __m128d x = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(x, _mm_unpackhi_pd(x, x)));
}
static inline float vf32_hmax(vf32 a) {
    __m128 x = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    x = _mm_max_ps(x, _mm_movehl_ps(x, x));
    return _mm_cvtss_f32(_mm_max_ss(x, _mm_movehdup_ps(x)));
}
static inline double vf64_hmax(vf64 a) {
    __m128d x = _mm_max_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_max_sd(x, _mm_unpackhi_pd(x, x)));
}

/* Lane j of rows[i] changes places with lane i of rows[j]. */
static inline void vf32_transpose(vf32 *rows) {
    vf32 pairs[8], quads[8];
    EK_UNROLL
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    EK_UNROLL
    for (int i = 0; i < 8; i += 4) {
        for (int j = 0; j < 2; j++) {
            quads[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
            quads[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
        }
    }
    EK_UNROLL
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(quads[i], quads[i + 4], 0x31);
    }
}
static inline void vf64_transpose(vf64 *rows) {
    vf64 pairs[4];
    EK_UNROLL
    for (int i = 0; i < 4; i += 2) {
        pairs[i] = _mm256_unpacklo_pd(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_pd(rows[i], rows[i + 1]);
    }
    EK_UNROLL
    for (int i = 0; i < 2; i++) {
        rows[i] = _mm256_permute2f128_pd(pairs[i], pairs[i + 2], 0x20);
        rows[i + 2] = _mm256_permute2f128_pd(pairs[i], pairs[i + 2], 0x31);
    }
}

/* floor(log2 a) for normal a > 0. */
static inline vf32 vf32_exponent(vf32 a) {
    __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(a), 23);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)));
}
static inline vf64 vf64_exponent(vf64 a) {
    /* As the low bits of 2^52 the biased exponent is a number without a conversion. */
    const __m256d shift = _mm256_set1_pd(0x1p52);
    __m256i biased = _mm256_srli_epi64(_mm256_castpd_si256(a), 52);
    __m256d sum = _mm256_castsi256_pd(_mm256_or_si256(biased, _mm256_castpd_si256(shift)));
    return _mm256_sub_pd(sum, _mm256_set1_pd(0x1p52 + 1023));
}

static inline vf32 vf32_power_of_two(vf32 n) {
    __m256i power = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(power, 23));
}
static inline vf64 vf64_power_of_two(vf64 n) {
    __m256i power = _mm256_cvtepi32_epi64(_mm256_cvtpd_epi32(n));
    power = _mm256_slli_epi64(_mm256_add_epi64(power, _mm256_set1_epi64x(1023)), 52);
    return _mm256_castsi256_pd(power);
}

/*
 * a * 2^n for a between 1/2 and 2 and integral n from -127 to 128 (in double -1023 to 1024), at
 * whose ends 2^n is 0 and infinity. NaN where both are.
 */
static inline vf32 vf32_scale(vf32 a, vf32 n) { return vf32_mul(a, vf32_power_of_two(n)); }
static inline vf64 vf64_scale(vf64 a, vf64 n) { return vf64_mul(a, vf64_power_of_two(n)); }

/* a / 2^exponent, in [1, 2), for normal a > 0. */
static inline vf32 vf32_mantissa(vf32 a) {
    __m256i fraction = _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x7fffff));
    return _mm256_or_ps(_mm256_castsi256_ps(fraction), _mm256_set1_ps(1));
}
static inline vf64 vf64_mantissa(vf64 a) {
    const __m256i digits = _mm256_set1_epi64x((INT64_C(1) << 52) - 1);
    __m256i fraction = _mm256_and_si256(_mm256_castpd_si256(a), digits);
    return _mm256_or_pd(_mm256_castsi256_pd(fraction), _mm256_set1_pd(1));
}

/* The first n lanes to p[0], p[2], p[4] and so on. Masked stores would be slower. */
static inline void vf32_store_even(float *p, vf32 a, int64_t n) {
    float lanes[8];
    vf32_store(lanes, a);
    for (int i = 0; i < 8 && i < n; i++) {
        p[2 * i] = lanes[i];
    }
}
static inline void vf64_store_even(double *p, vf64 a, int64_t n) {
    double lanes[4];
    vf64_store(lanes, a);
    for (int i = 0; i < 4 && i < n; i++) {
        p[2 * i] = lanes[i];
    }
}

/* Of both registers' lanes, one after the other, those with an even or an odd number. */
static inline vf32 vf32_in_order(vf32 pairs) {
    return _mm256_castpd_ps(
        _mm256_permute4x64_pd(_mm256_castps_pd(pairs), _MM_SHUFFLE(3, 1, 2, 0)));
}
static inline vf32 vf32_even(vf32 a, vf32 b) {
    return vf32_in_order(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(2, 0, 2, 0)));
}
static inline vf32 vf32_odd(vf32 a, vf32 b) {
    return vf32_in_order(_mm256_shuffle_ps(a, b, _MM_SHUFFLE(3, 1, 3, 1)));
}
static inline vf64 vf64_even(vf64 a, vf64 b) {
    return _mm256_permute4x64_pd(_mm256_unpacklo_pd(a, b), _MM_SHUFFLE(3, 1, 2, 0));
}
static inline vf64 vf64_odd(vf64 a, vf64 b) {
    return _mm256_permute4x64_pd(_mm256_unpackhi_pd(a, b), _MM_SHUFFLE(3, 1, 2, 0));
}

#endif
