/* Word vectors from text, by negative sampling. */
#ifndef EINKORN_WORD2VEC_H
#define EINKORN_WORD2VEC_H

#include "types.h"

enum { EK_WORD2VEC_MOST_NEGATIVE = 63, EK_WORD2VEC_MOST_WINDOW = 255 };

/*
 * `batch` positions of the text see the same vectors and change them together, one after the
 * other. The learning rate falls linearly from lr_begin, at the first token, towards lr_end.
 */
typedef struct ek_word2vec_problem {
    int64_t tokens, sentences, vocabulary, size; /* of a vector */
    int64_t stride; /* from one vector to the next: best with all of them at 64 bytes */
    int64_t window, negative, batch;
    double lr_begin, lr_end;
    uint64_t seed;
    int bag; /* of words: the mean of a window predicts its middle (CBOW), else each word does */
} ek_word2vec_problem;

/*
 * `tokens` are words' numbers; sentence i begins at offsets[i] and ends where the next begins.
 * `noise` (vocabulary) holds the weights with which words are drawn. `input` and `output`
 * (vocabulary, size) are changed in place. `loss` receives the sum over pairs of words, and
 * `pairs` how many there were. A call that fails for its arguments has changed nothing.
 */
#define EK_WORD2VEC_TABLE(ROW)                                                              \
    ROW(word2vec,                                                                           \
        (const ek_word2vec_problem *problem, const int64_t *tokens, const int64_t *offsets, \
         const double *noise, void *input, void *output, double *loss, int64_t *pairs,      \
         ek_workspace workspace),                                                           \
        (problem, tokens, offsets, noise, input, output, loss, pairs, workspace))           \
    ROW(word2vec_workspace, (const ek_word2vec_problem *problem, ek_workspace_size *size),  \
        (problem, size))

#endif
