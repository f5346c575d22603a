#include "common/isa_avx512.h"
#define EK_BODY "reduce/reduce.inc"
#include "common/each_real.h"
