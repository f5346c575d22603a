#include "common/isa_neon.h"
#define EK_BODY "lookup/bag.inc"
#include "common/each_real.h"
