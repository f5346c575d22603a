#include "common/isa_avx512.h"
#define EK_BODY "loss/loss.inc"
#include "common/each_real.h"
