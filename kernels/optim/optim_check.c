#include "optim/optim.h"

#include "common/checked.h"

#include <stddef.h>

int ek_parameters_check(const ek_parameter *parameters, int64_t count, unsigned states,
                        int64_t *total) {
    if (count < 0) {
        return EK_BAD_ARGUMENT;
    }
    *total = 0;
    for (int64_t i = 0; i < count; i++) {
        const ek_parameter *p = parameters + i;
        if (p->size < 0) {
            return EK_BAD_ARGUMENT;
        }
        for (int s = 0; s < EK_OPTIM_STATES; s++) {
            if (p->size > 0 && states >> s & 1u && p->state[s] == NULL) {
                return EK_BAD_ARGUMENT;
            }
        }
        *total = ek_checked_add(*total, p->size);
    }
    return ek_checked_mul(*total, (int64_t)sizeof(double)) < 0 ? EK_TOO_LARGE : EK_OK;
}
