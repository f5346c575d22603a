#include "common/isa_avx2.h"
#define EK_BODY "lookup/bag.inc"
#include "common/each_real.h"
