/* What the variants of the optimisers' steps share: checks that do not depend on the ISA. */
#ifndef EK_OPTIM_H
#define EK_OPTIM_H

#include "einkorn/optim.h"

/* The elements of all parameters together in *total, once sizes and pointers have been checked. Bit
 * s of `states` says that state[s] is used. */
int ek_parameters_check(const ek_parameter *parameters, int64_t count, unsigned states,
                        int64_t *total);

#endif
