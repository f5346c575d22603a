/*
 * Tile sizes. MR x NR accumulators fill the register file but for a row of B and one broadcast of
 * A: 24 + 4 + 1 of 32 registers with AVX-512, 12 + 2 + 1 of 16 with AVX2.
 */
#undef MR
#undef NV
#undef NR
#if EK_F32_LANES == 16
#define MR 6
#define NV 4
#elif EK_F32_LANES == 8
#define MR 6
#define NV 2
#else
#define MR 4
#define NV 4
#endif
#define NR (NV * LANES)
/* A panel of A (MR x KC) stays in L1, a block of A (MC x KC) and a panel of B in L2. */
#undef KC
#undef MC
#undef NC
#define KC 256
#define MC 96
#define NC 2048
