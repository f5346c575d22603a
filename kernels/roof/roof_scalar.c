#include "common/isa_scalar.h"
#define EK_BODY "roof/roof.inc"
#include "common/each_real.h"
