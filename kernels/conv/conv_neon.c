#include "common/isa_neon.h"
#define EK_BODY "conv/conv.inc"
#include "common/each_real.h"
