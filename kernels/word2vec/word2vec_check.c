#include "word2vec/word2vec.h"

#include "common/checked.h"

#include <math.h>

int ek_word2vec_check_sizes(const ek_word2vec_problem *p) {
    int64_t columns = (int64_t)1 << 32;
    if (p->tokens < 0 || p->sentences < 0 || p->vocabulary < 0 || p->size < 1 ||
        p->stride < p->size) {
        return EK_BAD_ARGUMENT;
    }
    if (p->window < 1 || p->window > EK_WORD2VEC_MOST_WINDOW || p->negative < 1 ||
        p->negative > EK_WORD2VEC_MOST_NEGATIVE || p->batch < 1 || p->batch > 1 << 20) {
        return EK_BAD_ARGUMENT;
    }
    if (p->vocabulary >= columns ||
        ek_checked_mul(ek_checked_mul(p->vocabulary, p->stride), (int64_t)sizeof(double)) < 0) {
        return EK_TOO_LARGE;
    }
    return EK_OK;
}

static int check_noise(const double *noise, int64_t words) {
    double total = 0;
    for (int64_t i = 0; i < words; i++) {
        if (!(noise[i] >= 0)) {
            return EK_BAD_ARGUMENT;
        }
        total += noise[i];
    }
    return words == 0 || (total > 0 && isfinite(total)) ? EK_OK : EK_BAD_ARGUMENT;
}

int ek_word2vec_check(const ek_word2vec_problem *p, const int64_t *tokens, const int64_t *offsets,
                      const double *noise) {
    int status = ek_word2vec_check_sizes(p);
    if (status != EK_OK) {
        return status;
    }
    for (int64_t i = 0; i < p->sentences; i++) {
        int64_t end = i + 1 < p->sentences ? offsets[i + 1] : p->tokens;
        if (offsets[i] < 0 || offsets[i] > end) {
            return EK_BAD_ARGUMENT;
        }
    }
    if (p->tokens > 0 && (p->sentences == 0 || offsets[0] != 0)) {
        return EK_BAD_ARGUMENT;
    }
    for (int64_t i = 0; i < p->tokens; i++) {
        if (tokens[i] < 0 || tokens[i] >= p->vocabulary) {
            return EK_BAD_INDEX;
        }
    }
    return check_noise(noise, p->vocabulary);
}

/* M. Vose, "A linear algorithm for generating random numbers with a given distribution", 1991. */
void ek_noise_build(ek_noise *noise, const double *weights, double *shares, int64_t *order) {
    const double whole = 4294967295.0;
    int64_t words = noise->words, small = 0, large = words;
    double total = 0;
    for (int64_t i = 0; i < words; i++) {
        total += weights[i];
    }
    /* Words with less than a column grow from the front of `order`, the others from its end. */
    for (int64_t i = 0; i < words; i++) {
        shares[i] = weights[i] / total * (double)words;
        order[shares[i] < 1 ? small++ : --large] = i;
    }
    while (small > 0 && large < words) {
        int64_t poor = order[--small], rich = order[large];
        noise->own[poor] = (uint32_t)(shares[poor] * whole);
        noise->other[poor] = rich;
        shares[rich] -= 1 - shares[poor];
        if (shares[rich] < 1) {
            large++;
            order[small++] = rich;
        }
    }
    /* Rounding leaves some of either kind with a whole column. */
    for (int64_t i = 0; i < words; i++) {
        if (i < small || i >= large) {
            noise->own[order[i]] = (uint32_t)whole;
            noise->other[order[i]] = order[i];
        }
    }
}
