#include "common/isa_scalar.h"
#define EK_BODY "elementwise/elementwise.inc"
#include "common/each_real.h"
