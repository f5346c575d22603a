#include "common/isa_avx512.h"
#define EK_BODY "norm/norm.inc"
#include "common/each_real.h"
