#include "common/isa_scalar.h"
#define EK_BODY "lookup/bag.inc"
#include "common/each_real.h"
