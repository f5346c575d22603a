#include "common/isa_neon.h"
#define EK_BODY "conv/winograd_sum.inc"
#include "common/each_real.h"
