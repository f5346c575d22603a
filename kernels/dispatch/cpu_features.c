#include "dispatch/cpu_features.h"

#include <stdint.h>

#if defined(__x86_64__) || defined(_M_X64)

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
    __cpuidex((int *)out, (int)leaf, (int)subleaf);
}
static uint64_t enabled_state(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]) {
    __cpuid_count(leaf, subleaf, out[0], out[1], out[2], out[3]);
}
static uint64_t enabled_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}
#endif

enum { EAX, EBX, ECX, EDX };

static int bit(uint32_t word, int position) { return (word >> position) & 1; }

ek_cpu_features ek_cpu_detect(void) {
    ek_cpu_features features = {0};
    uint32_t leaf0[4], leaf1[4], leaf7[4];
    cpuid(0, 0, leaf0);
    if (leaf0[EAX] < 7) {
        return features;
    }
    cpuid(1, 0, leaf1);
    cpuid(7, 0, leaf7);
    int fma = bit(leaf1[ECX], 12), osxsave = bit(leaf1[ECX], 27);
    if (!osxsave) {
        return features;
    }
    const uint64_t ymm_state = 0x06, zmm_state = 0xe6;
    uint64_t state = enabled_state();
    features.avx2 = (state & ymm_state) == ymm_state && fma && bit(leaf7[EBX], 5);
    int foundation = bit(leaf7[EBX], 16), dq = bit(leaf7[EBX], 17);
    int bw = bit(leaf7[EBX], 30), vl = bit(leaf7[EBX], 31);
    features.avx512 =
        features.avx2 && (state & zmm_state) == zmm_state && foundation && dq && bw && vl;
    return features;
}

#else

ek_cpu_features ek_cpu_detect(void) {
    ek_cpu_features features = {0};
#if defined(__aarch64__) || defined(_M_ARM64)
    features.neon = 1;
#endif
    return features;
}

#endif
