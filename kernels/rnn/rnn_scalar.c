#include "common/isa_scalar.h"
#define EK_BODY "rnn/rnn.inc"
#include "common/each_real.h"
