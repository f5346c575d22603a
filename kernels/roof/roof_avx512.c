#include "common/isa_avx512.h"
#define EK_BODY "roof/roof.inc"
#include "common/each_real.h"
