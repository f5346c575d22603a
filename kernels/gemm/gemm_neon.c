#include "common/isa_neon.h"
#define EK_BODY "gemm/gemm.inc"
#include "common/each_real.h"
