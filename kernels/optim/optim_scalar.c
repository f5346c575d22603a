#include "common/isa_scalar.h"
#define EK_BODY "optim/optim.inc"
#include "common/each_real.h"
