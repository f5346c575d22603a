/*
 * Denormal operands take a slow path in the processor (forty times slower where weights decay
 * towards zero), so kernels flush them to zero and put the caller's mode back.
 */
#ifndef EK_FLOAT_MODE_H
#define EK_FLOAT_MODE_H

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
typedef unsigned ek_float_mode;
enum { EK_FLUSH_TO_ZERO = 0x8000, EK_DENORMALS_ARE_ZERO = 0x0040 };
static inline ek_float_mode ek_float_mode_enter(void) {
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | EK_FLUSH_TO_ZERO | EK_DENORMALS_ARE_ZERO);
    return mode;
}
static inline void ek_float_mode_leave(ek_float_mode mode) { _mm_setcsr(mode); }
#elif defined(__aarch64__)
#include <stdint.h>
typedef uint64_t ek_float_mode;
static inline ek_float_mode ek_float_mode_enter(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    __asm__ volatile("msr fpcr, %0" : : "r"(mode | (UINT64_C(1) << 24)));
    return mode;
}
static inline void ek_float_mode_leave(ek_float_mode mode) {
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
#else
typedef int ek_float_mode;
static inline ek_float_mode ek_float_mode_enter(void) { return 0; }
static inline void ek_float_mode_leave(ek_float_mode mode) { (void)mode; }
#endif

#endif
