/* Arithmetic on sizes that says when it leaves 63 bits instead of wrapping round. */
#ifndef EK_CHECKED_H
#define EK_CHECKED_H

#include <stdint.h>

/* Sticky: once an intermediate overflows, the product stays -1. Factors must not be negative. */
static inline int64_t ek_checked_mul(int64_t a, int64_t b) {
    if (a < 0 || b < 0) {
        return -1;
    }
    return b != 0 && a > INT64_MAX / b ? -1 : a * b;
}

static inline int64_t ek_checked_add(int64_t a, int64_t b) {
    if (a < 0 || b < 0) {
        return -1;
    }
    return a > INT64_MAX - b ? -1 : a + b;
}

static inline int64_t ek_round_up(int64_t value, int64_t step) {
    return (value + step - 1) / step * step;
}

static inline int64_t ek_ceil_div(int64_t a, int64_t b) { return a / b + (a % b != 0); }
static inline int64_t ek_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t ek_max(int64_t a, int64_t b) { return a > b ? a : b; }

#endif
