#include "common/isa_avx2.h"
#define EK_BODY "ctc/ctc.inc"
#include "common/each_real.h"
