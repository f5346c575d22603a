#include "common/isa_scalar.h"
#define EK_BODY "pool/pool.inc"
#include "common/each_real.h"
