#include "common/isa_avx2.h"
#define EK_BODY "copy/copy.inc"
#include "common/each_real.h"
