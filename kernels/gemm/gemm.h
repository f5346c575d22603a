/* What the variants of gemm share: problem checks that do not depend on the ISA. */
#ifndef EK_GEMM_H
#define EK_GEMM_H

#include "einkorn/gemm.h"

int ek_gemm_check(const ek_gemm_problem *problem);

#endif
