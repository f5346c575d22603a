#include "common/isa_neon.h"
#define EK_BODY "roof/roof.inc"
#include "common/each_real.h"
