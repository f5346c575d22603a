#include "common/isa_avx2.h"
#define EK_BODY "elementwise/elementwise.inc"
#include "common/each_real.h"
