#include "common/isa_scalar.h"
#define EK_BODY "lookup/lookup.inc"
#include "common/each_real.h"
