#include "common/isa_neon.h"
#define EK_BODY "loss/loss.inc"
#include "common/each_real.h"
