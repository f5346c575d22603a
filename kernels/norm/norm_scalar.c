#include "common/isa_scalar.h"
#define EK_BODY "norm/norm.inc"
#include "common/each_real.h"
