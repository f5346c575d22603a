/* Steps of optimisers, in place and in one pass over memory, over any number of parameters. */
#ifndef EINKORN_OPTIM_H
#define EINKORN_OPTIM_H

#include "types.h"

enum { EK_OPTIM_STATES = 3 };

/* One parameter. No array may overlap another that is written, of this or another parameter. */
typedef struct ek_parameter {
    int64_t size;
    void *value;
    const void *grad;
    void *state[EK_OPTIM_STATES]; /* named with each problem, in this order */
} ek_parameter;

/* State: velocity. velocity = momentum velocity + (1 - dampening) grad; without momentum it is not
 * read. */
typedef struct ek_sgd_problem {
    int64_t parameters;
    double lr, momentum, dampening, weight_decay;
    int nesterov;
} ek_sgd_problem;

/* State: averages of the gradient and of its square; with `amsgrad` also the largest of the latter.
 * `step` counts from 1. `decoupled`: weight decay beside the gradient instead of in it (AdamW). */
typedef struct ek_adam_problem {
    int64_t parameters, step;
    double lr, beta1, beta2, eps, weight_decay;
    int decoupled, amsgrad;
} ek_adam_problem;

/* State: average of the squared gradient; with `centered` that of the gradient; with momentum its
 * buffer. */
typedef struct ek_rmsprop_problem {
    int64_t parameters;
    double lr, alpha, eps, weight_decay, momentum;
    int centered;
} ek_rmsprop_problem;

/* State: sum of the squared gradients. */
typedef struct ek_adagrad_problem {
    int64_t parameters, step;
    double lr, lr_decay, eps, weight_decay;
} ek_adagrad_problem;

/* State: averages of the squared gradient and of the squared step. */
typedef struct ek_adadelta_problem {
    int64_t parameters;
    double lr, rho, eps, weight_decay;
} ek_adadelta_problem;

/* State: average of the gradient, its largest absolute value. */
typedef struct ek_adamax_problem {
    int64_t parameters, step;
    double lr, beta1, beta2, eps, weight_decay;
} ek_adamax_problem;

/* State: as Adam. mu and mu_next are the momenta of this step and the next, mu_product the product
 * of those up to this step. */
typedef struct ek_nadam_problem {
    int64_t parameters, step;
    double lr, beta1, beta2, eps, weight_decay, mu, mu_next, mu_product;
    int decoupled;
} ek_nadam_problem;

/* State: as Adam. */
typedef struct ek_radam_problem {
    int64_t parameters, step;
    double lr, beta1, beta2, eps, weight_decay;
    int decoupled;
} ek_radam_problem;

/* State: the previous gradient, the size of the step. */
typedef struct ek_rprop_problem {
    int64_t parameters;
    double shrink, grow, least, most;
} ek_rprop_problem;

/* State: the average of the parameter, which moves by `mu` of its distance. */
typedef struct ek_asgd_problem {
    int64_t parameters;
    double eta, lambd, mu, weight_decay;
} ek_asgd_problem;

/* A step is never interrupted: either all parameters have taken it or, on an error, none. */
#define EK_OPTIM_TABLE(ROW)                                                                  \
    ROW(sgd_step, (const ek_sgd_problem *problem, const ek_parameter *parameters),           \
        (problem, parameters))                                                               \
    ROW(adam_step, (const ek_adam_problem *problem, const ek_parameter *parameters),         \
        (problem, parameters))                                                               \
    ROW(rmsprop_step, (const ek_rmsprop_problem *problem, const ek_parameter *parameters),   \
        (problem, parameters))                                                               \
    ROW(adagrad_step, (const ek_adagrad_problem *problem, const ek_parameter *parameters),   \
        (problem, parameters))                                                               \
    ROW(adadelta_step, (const ek_adadelta_problem *problem, const ek_parameter *parameters), \
        (problem, parameters))                                                               \
    ROW(adamax_step, (const ek_adamax_problem *problem, const ek_parameter *parameters),     \
        (problem, parameters))                                                               \
    ROW(nadam_step, (const ek_nadam_problem *problem, const ek_parameter *parameters),       \
        (problem, parameters))                                                               \
    ROW(radam_step, (const ek_radam_problem *problem, const ek_parameter *parameters),       \
        (problem, parameters))                                                               \
    ROW(rprop_step, (const ek_rprop_problem *problem, const ek_parameter *parameters),       \
        (problem, parameters))                                                               \
    ROW(asgd_step, (const ek_asgd_problem *problem, const ek_parameter *parameters),         \
        (problem, parameters))

#endif
