/* What the variants of the training of word vectors share: what does not depend on the ISA. */
#ifndef EK_WORD2VEC_H
#define EK_WORD2VEC_H

#include "einkorn/word2vec.h"

/* Words as often as their weights say, in constant time (Walker, 1977): a column is drawn, then
 * its own word or the other one that shares it. */
typedef struct ek_noise {
    int64_t words;
    uint32_t *own; /* of 2^32 - 1 draws of a column, how many are its own word's */
    int64_t *other;
} ek_noise;

int ek_word2vec_check_sizes(const ek_word2vec_problem *p);
int ek_word2vec_check(const ek_word2vec_problem *p, const int64_t *tokens, const int64_t *offsets,
                      const double *noise);
/* `shares` and `order` are scratch for as many numbers as there are words. */
void ek_noise_build(ek_noise *noise, const double *weights, double *shares, int64_t *order);

static inline int64_t ek_noise_draw(const ek_noise *noise, uint32_t column, uint32_t share) {
    int64_t word = (int64_t)(((uint64_t)column * (uint64_t)noise->words) >> 32);
    return share < noise->own[word] ? word : noise->other[word];
}

#endif
