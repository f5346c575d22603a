#include "common/isa_avx512.h"
#define EK_BODY "rnn/rnn.inc"
#include "common/each_real.h"
