#include "common/isa_avx512.h"
#define EK_BODY "copy/copy.inc"
#include "common/each_real.h"
