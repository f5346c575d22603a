#include "common/isa_neon.h"
#define EK_BODY "conv/winograd.inc"
#include "common/each_real.h"
