#include "common/isa_avx2.h"
#define EK_BODY "optim/optim.inc"
#include "common/each_real.h"
