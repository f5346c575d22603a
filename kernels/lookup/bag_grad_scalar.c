#include "common/isa_scalar.h"
#define EK_BODY "lookup/bag_grad.inc"
#include "common/each_real.h"
