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
/* Sums of a lone row that stay in L1 while B streams past, and what a task of them takes at least.
 */
#undef LONE_COLUMNS
#undef LONE_TASK
#define LONE_COLUMNS (16384 / (int64_t)sizeof(real))
#define LONE_TASK 256
/* Rows of B that a lone row meets at once. */
#undef LONE_ROWS
#define LONE_ROWS 4
/* Columns whose panels a thread packs for itself, and of a product that is turned at most. */
#undef OWN_COLUMNS
#undef TURNED_COLUMNS
#define OWN_COLUMNS 64
#define TURNED_COLUMNS 32
