#include "common/isa_avx512.h"
#define EK_BODY "gemm/gemm.inc"
#include "common/each_real.h"
