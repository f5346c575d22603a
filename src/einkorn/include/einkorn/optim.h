/* Steps of optimisers, in place and in one pass over memory, over any number of parameters. */
#ifndef EINKORN_OPTIM_H
#define EINKORN_OPTIM_H

#include "types.h"

/* One parameter. No array may overlap another that is written, of this or another parameter. */
typedef struct ek_parameter {
    int64_t size;
    void *value;
    const void *grad;
    void *state[2]; /* SGD: velocity, not used. Adam: averages of the gradient and its square. */
} ek_parameter;

/* velocity = momentum velocity + (1 - dampening) grad; without momentum it is not read. */
typedef struct ek_sgd_problem {
    int64_t parameters;
    double lr, momentum, dampening, weight_decay;
    int nesterov;
} ek_sgd_problem;

/* `step` counts from 1. `decoupled`: weight decay beside the gradient instead of in it (AdamW). */
typedef struct ek_adam_problem {
    int64_t parameters, step;
    double lr, beta1, beta2, eps, weight_decay;
    int decoupled;
} ek_adam_problem;

/* A step is never interrupted: either all parameters have taken it or, on an error, none. */
#define EK_OPTIM_TABLE(ROW)                                                          \
    ROW(sgd_step, (const ek_sgd_problem *problem, const ek_parameter *parameters),   \
        (problem, parameters))                                                       \
    ROW(adam_step, (const ek_adam_problem *problem, const ek_parameter *parameters), \
        (problem, parameters))

#endif
