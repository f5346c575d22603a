#ifndef EK_COMPILER_H
#define EK_COMPILER_H

#if defined(_MSC_VER) && !defined(__clang__)
#define EK_NOINLINE __declspec(noinline)
#define EK_INLINE static __forceinline
#define EK_UNROLL
#else
#define EK_NOINLINE __attribute__((noinline))
#define EK_INLINE static inline __attribute__((always_inline, unused))
/* Before a loop over an array of registers: only unrolled whole does the array live in registers.
 */
#define EK_UNROLL _Pragma("GCC unroll 16")
#endif

#endif
