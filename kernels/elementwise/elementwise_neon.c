#include "common/isa_neon.h"
#define EK_BODY "elementwise/elementwise.inc"
#include "common/each_real.h"
