#include "common/isa_avx2.h"
#define EK_BODY "word2vec/word2vec.inc"
#include "common/each_real.h"
