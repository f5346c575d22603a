#include "common/isa_neon.h"
#define EK_BODY "reduce/reduce.inc"
#include "common/each_real.h"
