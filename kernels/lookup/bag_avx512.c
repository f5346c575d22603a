#include "common/isa_avx512.h"
#define EK_BODY "lookup/bag.inc"
#include "common/each_real.h"
