#include "common/isa_neon.h"
#define EK_BODY "lookup/bag_grad.inc"
#include "common/each_real.h"
