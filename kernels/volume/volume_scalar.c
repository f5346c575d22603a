#include "common/isa_scalar.h"
#define EK_BODY "volume/volume.inc"
#include "common/each_real.h"
