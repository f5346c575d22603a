#include "common/isa_neon.h"
#define EK_BODY "pool/pool.inc"
#include "common/each_real.h"
