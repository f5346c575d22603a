#include "common/isa_neon.h"
#define EK_BODY "conv/depthwise.inc"
#include "common/each_real.h"
