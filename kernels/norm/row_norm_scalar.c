#include "common/isa_scalar.h"
#define EK_BODY "norm/row_norm.inc"
#include "common/each_real.h"
