#include "common/isa_avx512.h"
#define EK_BODY "elementwise/elementwise.inc"
#include "common/each_real.h"
