#include "common/isa_avx512.h"
#define EK_BODY "lookup/bag_grad.inc"
#include "common/each_real.h"
