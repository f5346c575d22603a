#include "common/isa_avx512.h"
#define EK_BODY "gemm/binary.inc"
#include "common/each_real.h"
