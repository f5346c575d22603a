#include "common/isa_avx2.h"
#define EK_BODY "gemm/binary.inc"
#include "common/each_real.h"
