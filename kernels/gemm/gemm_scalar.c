#include "common/isa_scalar.h"
#define EK_BODY "gemm/gemm.inc"
#include "common/each_real.h"
