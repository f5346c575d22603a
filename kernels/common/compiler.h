#ifndef EK_COMPILER_H
#define EK_COMPILER_H

#if defined(_MSC_VER) && !defined(__clang__)
#define EK_NOINLINE __declspec(noinline)
#define EK_INLINE static __forceinline
#define EK_UNROLL
#define EK_PREFETCH(p) ((void)(p))
#define EK_PREFETCH_FAR(p) ((void)(p))
#define EK_PREFETCH_TO_WRITE(p) ((void)(p))
#define EK_THREAD_LOCAL __declspec(thread)
#include <intrin.h>
static __forceinline int ek_lowest_bit(unsigned bits) {
    unsigned long place;
    _BitScanForward(&place, bits);
    return (int)place;
}
#else
#define EK_NOINLINE __attribute__((noinline))
#define EK_INLINE static inline __attribute__((always_inline, unused))
/* Before a loop over an array of registers: only unrolled whole does the array live in registers.
 */
#define EK_UNROLL _Pragma("GCC unroll 16")
#define EK_PREFETCH(p) __builtin_prefetch(p)
#define EK_PREFETCH_FAR(p) __builtin_prefetch(p, 0, 2)
/* Takes the line from other cores that hold it. */
#define EK_PREFETCH_TO_WRITE(p) __builtin_prefetch(p, 1)
#define EK_THREAD_LOCAL _Thread_local
static inline __attribute__((unused)) int ek_lowest_bit(unsigned bits) {
    return __builtin_ctz(bits);
}
#endif

#endif
