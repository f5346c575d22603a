#include "common/isa_scalar.h"
#define EK_BODY "conv/conv.inc"
#include "common/each_real.h"
