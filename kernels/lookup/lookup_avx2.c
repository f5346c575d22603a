#include "common/isa_avx2.h"
#define EK_BODY "lookup/lookup.inc"
#include "common/each_real.h"
