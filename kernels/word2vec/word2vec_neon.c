#include "common/isa_neon.h"
#define EK_BODY "word2vec/word2vec.inc"
#include "common/each_real.h"
