#include "common/isa_neon.h"
#define EK_BODY "lookup/lookup.inc"
#include "common/each_real.h"
