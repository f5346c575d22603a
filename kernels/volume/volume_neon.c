#include "common/isa_neon.h"
#define EK_BODY "volume/volume.inc"
#include "common/each_real.h"
