#include "common/isa_neon.h"
#define EK_BODY "ctc/ctc.inc"
#include "common/each_real.h"
