#include "common/isa_avx512.h"
#define EK_BODY "volume/volume.inc"
#include "common/each_real.h"
