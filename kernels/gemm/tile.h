/*
 * Tile sizes. MR x NR accumulators fill the register file but for a row of B and one broadcast of
 * A: 24 + 4 + 1 of 32 registers with AVX-512, 12 + 2 + 1 of 16 with AVX2.
 */
#undef MR
#undef NV
#undef NR
#if EK_F32_LANES == 16 || EK_F32_LANES == 4
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
/* Lines of a row of B that a tile reads. */
#undef LINES
#define LINES (NR * (int64_t)sizeof(real) / 64)
/* The same for dot products, of DR rows of A and DC columns of B: 24 + 4 + 1 and 12 + 3 + 1. */
#undef DR
#undef DC
#if EK_F32_LANES == 8
#define DR 3
#define DC 4
#else
#define DR 4
#define DC 6
#endif
/* A tile's rows of A (MR x KC) stay in L1; those of a task (MC x KC) and a panel of B in L2. */
#undef KC
#undef MC
#undef NC
#define KC 384
/* Depth of a tile that reads B in place. */
#undef IN_PLACE
#define IN_PLACE 128
#define MC 96
#define NC 2048
/*
 * Few rows: sums that stay in L1 while B streams past, what a task of them takes at least, rows of
 * B that they meet at once, rows of A that do: 16 + 4 + 1 registers with AVX-512, 8 + 4 + 1 with
 * AVX2.
 */
#undef STRIP_SUMS
#undef STRIP_TASK
#undef STRIP_ALONE
#undef STRIP_DEPTH
#undef STRIP_HEIGHT
#undef FAR_DEPTH
#define STRIP_SUMS (16384 / (int64_t)sizeof(real))
#define STRIP_TASK 256
/* Columns of a strip that is all of a task. */
#define STRIP_ALONE 1024
#define STRIP_DEPTH 4
/* Rows of B that a lone one meets at once where they come from memory. */
#define FAR_DEPTH 8
/* Rows of A that a strip may have in all, and depth of those that pass it one after the other. */
#undef STRIP_ROWS
#undef STRIP_PASS
#define STRIP_PASS 64
#if EK_F32_LANES == 8
#define STRIP_HEIGHT 2
#define STRIP_ROWS 8
#else
#define STRIP_HEIGHT 4
#define STRIP_ROWS 4
#endif
/* Columns whose panels a thread packs for itself, and of a product that is turned at most. */
#undef OWN_COLUMNS
#undef TURNED_COLUMNS
#define OWN_COLUMNS 64
#define TURNED_COLUMNS 32
