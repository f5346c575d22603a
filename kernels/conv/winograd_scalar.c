#include "common/isa_scalar.h"
#define EK_BODY "conv/winograd.inc"
#include "common/each_real.h"
