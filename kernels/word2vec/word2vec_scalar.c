#include "common/isa_scalar.h"
#define EK_BODY "word2vec/word2vec.inc"
#include "common/each_real.h"
