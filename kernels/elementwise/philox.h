/*
 * Philox-4x32-10: random bits as a function of (seed, position), so that what an element gets
 * depends neither on the number of threads nor on the instruction set. J. Salmon, M. Moraes,
 * R. Dror and D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
#ifndef EK_PHILOX_H
#define EK_PHILOX_H

#include "common/compiler.h"

#include <stdint.h>

/* Counters computed side by side, for the compiler to put into vector registers. */
enum { EK_PHILOX_LANES = 16, EK_PHILOX_GROUP = 4 * EK_PHILOX_LANES };

/* Word w of counter c, counted within the group, becomes bits[w * EK_PHILOX_LANES + c]. */
static inline void ek_philox_group(uint64_t seed, uint64_t group, uint32_t *bits) {
    for (int c = 0; c < EK_PHILOX_LANES; c++) {
        uint64_t counter = group * EK_PHILOX_LANES + (uint64_t)c;
        uint32_t word0 = (uint32_t)counter, word1 = (uint32_t)(counter >> 32);
        uint32_t word2 = 0, word3 = 0;
        uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
        EK_UNROLL
        for (int round = 0; round < 10; round++) {
            uint64_t product0 = (uint64_t)0xd2511f53 * word0;
            uint64_t product1 = (uint64_t)0xcd9e8d57 * word2;
            word0 = (uint32_t)(product1 >> 32) ^ word1 ^ key0;
            word1 = (uint32_t)product1;
            word2 = (uint32_t)(product0 >> 32) ^ word3 ^ key1;
            word3 = (uint32_t)product0;
            key0 += 0x9e3779b9;
            key1 += 0xbb67ae85;
        }
        bits[c] = word0;
        bits[EK_PHILOX_LANES + c] = word1;
        bits[2 * EK_PHILOX_LANES + c] = word2;
        bits[3 * EK_PHILOX_LANES + c] = word3;
    }
}

#endif
