/* What the variants of the kernels of volumes share: problem checks. */
#ifndef EK_VOLUME_H
#define EK_VOLUME_H

#include "common/checked.h"
#include "einkorn/volume.h"

int ek_depth_check(const ek_depth_problem *problem);
int ek_span_pool_check(const ek_span_pool_problem *problem, const int64_t *spans);

#endif
