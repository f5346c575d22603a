#include "common/isa_avx2.h"
#define EK_BODY "conv/winograd.inc"
#include "common/each_real.h"
