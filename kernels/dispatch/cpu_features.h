#ifndef EK_CPU_FEATURES_H
#define EK_CPU_FEATURES_H

typedef struct ek_cpu_features {
    int neon;   /* part of every 64-bit ARM */
    int avx2;   /* with FMA */
    int avx512; /* F, DQ, BW, VL */
} ek_cpu_features;

/* What the processor offers and the operating system saves on a context switch. */
ek_cpu_features ek_cpu_detect(void);

#endif
