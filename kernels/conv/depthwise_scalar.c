#include "common/isa_scalar.h"
#define EK_BODY "conv/depthwise.inc"
#include "common/each_real.h"
