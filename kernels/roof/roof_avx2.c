#include "common/isa_avx2.h"
#define EK_BODY "roof/roof.inc"
#include "common/each_real.h"
