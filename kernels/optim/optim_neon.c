#include "common/isa_neon.h"
#define EK_BODY "optim/optim.inc"
#include "common/each_real.h"
