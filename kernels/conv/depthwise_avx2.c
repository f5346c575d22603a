#include "common/isa_avx2.h"
#define EK_BODY "conv/depthwise.inc"
#include "common/each_real.h"
