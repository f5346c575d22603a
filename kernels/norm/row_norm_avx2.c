#include "common/isa_avx2.h"
#define EK_BODY "norm/row_norm.inc"
#include "common/each_real.h"
