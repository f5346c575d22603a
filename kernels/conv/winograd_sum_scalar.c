#include "common/isa_scalar.h"
#define EK_BODY "conv/winograd_sum.inc"
#include "common/each_real.h"
