#include "common/isa_neon.h"
#define EK_BODY "gemm/binary.inc"
#include "common/each_real.h"
