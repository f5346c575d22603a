#include "common/isa_avx2.h"
#define EK_BODY "loss/loss.inc"
#include "common/each_real.h"
