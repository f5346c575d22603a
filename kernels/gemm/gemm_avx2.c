#include "common/isa_avx2.h"
#define EK_BODY "gemm/gemm.inc"
#include "common/each_real.h"
