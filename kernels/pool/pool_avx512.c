#include "common/isa_avx512.h"
#define EK_BODY "pool/pool.inc"
#include "common/each_real.h"
