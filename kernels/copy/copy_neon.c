#include "common/isa_neon.h"
#define EK_BODY "copy/copy.inc"
#include "common/each_real.h"
