#include "common/isa_avx2.h"
#define EK_BODY "conv/winograd_sum.inc"
#include "common/each_real.h"
