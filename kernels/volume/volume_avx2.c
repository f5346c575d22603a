#include "common/isa_avx2.h"
#define EK_BODY "volume/volume.inc"
#include "common/each_real.h"
