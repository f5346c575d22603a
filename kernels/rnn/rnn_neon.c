#include "common/isa_neon.h"
#define EK_BODY "rnn/rnn.inc"
#include "common/each_real.h"
