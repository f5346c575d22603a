#include "common/isa_avx512.h"
#define EK_BODY "ctc/ctc.inc"
#include "common/each_real.h"
