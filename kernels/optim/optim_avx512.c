#include "common/isa_avx512.h"
#define EK_BODY "optim/optim.inc"
#include "common/each_real.h"
