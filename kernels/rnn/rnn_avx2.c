#include "common/isa_avx2.h"
#define EK_BODY "rnn/rnn.inc"
#include "common/each_real.h"
