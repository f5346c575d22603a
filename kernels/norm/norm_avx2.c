#include "common/isa_avx2.h"
#define EK_BODY "norm/norm.inc"
#include "common/each_real.h"
