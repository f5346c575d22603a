/*
 * Arithmetic, activations, their gradients, dropout and draws, on arrays of n contiguous elements.
 * A result may take the place of an operand (y == x), but must not overlap it otherwise.
 *
 * The gradients of ReLU, sigmoid and tanh are functions of the output y, those of leaky ReLU, ELU
 * and GELU of the input x.
 */
#ifndef EINKORN_ELEMENTWISE_H
#define EINKORN_ELEMENTWISE_H

#include "types.h"

/* Arrays (outer, channels, inner) and a bias a channel. */
typedef struct ek_bias_activation_problem {
    int64_t outer, channels, inner;
    ek_activation activation;
} ek_bias_activation_problem;

typedef enum ek_arithmetic {
    EK_ADD,
    EK_SUBTRACT,
    EK_MULTIPLY,
    EK_DIVIDE,
    EK_MAXIMUM, /* NaN where either operand is */
    EK_MINIMUM,
    EK_ARITHMETIC_COUNT
} ek_arithmetic;

/* ROW(name, parameters, arguments); each function takes an ek_dtype before these parameters. */
#define EK_ELEMENTWISE_TABLE(ROW)                                                                  \
    ROW(relu, (int64_t n, const void *x, void *y), (n, x, y))                                      \
    ROW(sigmoid, (int64_t n, const void *x, void *y), (n, x, y))                                   \
    ROW(tanh, (int64_t n, const void *x, void *y), (n, x, y))                                      \
    ROW(leaky_relu, (int64_t n, double negative_slope, const void *x, void *y),                    \
        (n, negative_slope, x, y))                                                                 \
    ROW(elu, (int64_t n, double alpha, const void *x, void *y), (n, alpha, x, y))                  \
    ROW(relu_grad, (int64_t n, const void *grad, const void *y, void *gx), (n, grad, y, gx))       \
    ROW(sigmoid_grad, (int64_t n, const void *grad, const void *y, void *gx), (n, grad, y, gx))    \
    ROW(tanh_grad, (int64_t n, const void *grad, const void *y, void *gx), (n, grad, y, gx))       \
    ROW(leaky_relu_grad,                                                                           \
        (int64_t n, double negative_slope, const void *grad, const void *x, void *gx),             \
        (n, negative_slope, grad, x, gx))                                                          \
    ROW(elu_grad, (int64_t n, double alpha, const void *grad, const void *x, void *gx),            \
        (n, alpha, grad, x, gx))                                                                   \
    /* mask[i] = 1 with probability 1 - p, else 0; y = mask * x / (1 - p). */                      \
    ROW(dropout, (int64_t n, double p, uint64_t seed, const void *x, void *y, uint8_t *mask),      \
        (n, p, seed, x, y, mask))                                                                  \
    ROW(dropout_grad, (int64_t n, double p, const void *grad, const uint8_t *mask, void *gx),      \
        (n, p, grad, mask, gx))                                                                    \
    /* y[i] = 1 with probability p[i], else 0. */                                                  \
    ROW(bernoulli, (int64_t n, uint64_t seed, const void *p, void *y), (n, seed, p, y))            \
    /* y = activation(x + bias) */                                                                 \
    ROW(bias_activation,                                                                           \
        (const ek_bias_activation_problem *problem, const void *x, const void *bias, void *y),     \
        (problem, x, bias, y))                                                                     \
    /* y = max(0, a + b); its gradient, by each operand, is relu_grad. */                          \
    ROW(add_relu, (int64_t n, const void *a, const void *b, void *y), (n, a, b, y))                \
    /* x times the normal distribution function, or its approximation by tanh. */                  \
    ROW(gelu, (int64_t n, int by_tanh, const void *x, void *y), (n, by_tanh, x, y))                \
    ROW(gelu_grad, (int64_t n, int by_tanh, const void *grad, const void *x, void *gx),            \
        (n, by_tanh, grad, x, gx))                                                                 \
    /* 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x, and 1 minus that. */               \
    ROW(erf, (int64_t n, const void *x, void *y), (n, x, y))                                       \
    ROW(erfc, (int64_t n, const void *x, void *y), (n, x, y))                                      \
    ROW(arithmetic, (ek_arithmetic operation, int64_t n, const void *a, const void *b, void *y),   \
        (operation, n, a, b, y))                                                                   \
    /* Of each element and one number, which may be the first operand. */                          \
    ROW(arithmetic_number,                                                                         \
        (ek_arithmetic operation, int64_t n, const void *a, double number, int number_first,       \
         void *y),                                                                                 \
        (operation, n, a, number, number_first, y))                                                \
    /* x within [low, high]; its gradient passes at the limits. */                                 \
    ROW(clamp, (int64_t n, double low, double high, const void *x, void *y), (n, low, high, x, y)) \
    ROW(clamp_grad,                                                                                \
        (int64_t n, double low, double high, const void *grad, const void *x, void *gx),           \
        (n, low, high, grad, x, gx))                                                               \
    /* y = a where the condition is not 0, else b; either may be one number for all. */            \
    ROW(where,                                                                                     \
        (int64_t n, const uint8_t *condition, const void *a, int a_is_number, const void *b,       \
         int b_is_number, void *y),                                                                \
        (n, condition, a, a_is_number, b, b_is_number, y))

#endif
