/* For the body of a loop that waits for another thread. */
#ifndef EK_PAUSE_H
#define EK_PAUSE_H

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#define ek_pause() _mm_pause()
#elif defined(__aarch64__)
#define ek_pause() __asm__ volatile("yield")
#else
#define ek_pause() ((void)0)
#endif

#endif
