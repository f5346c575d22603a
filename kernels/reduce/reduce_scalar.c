#include "common/isa_scalar.h"
#define EK_BODY "reduce/reduce.inc"
#include "common/each_real.h"
