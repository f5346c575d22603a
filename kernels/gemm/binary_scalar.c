#include "common/isa_scalar.h"
#define EK_BODY "gemm/binary.inc"
#include "common/each_real.h"
