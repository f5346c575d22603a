#include "common/isa_scalar.h"
#define EK_BODY "loss/loss.inc"
#include "common/each_real.h"
