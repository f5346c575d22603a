#include "common/isa_scalar.h"
#define EK_BODY "ctc/ctc.inc"
#include "common/each_real.h"
