#include "common/isa_avx2.h"
#define EK_BODY "reduce/reduce.inc"
#include "common/each_real.h"
