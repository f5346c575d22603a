#include "common/isa_scalar.h"
#define EK_BODY "copy/copy.inc"
#include "common/each_real.h"
