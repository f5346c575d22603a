#include "common/isa_avx512.h"
#define EK_BODY "conv/winograd.inc"
#include "common/each_real.h"
