/*
 * The table of kernels that einkorn lends to other extension modules.
 *
 * Cython:  from einkorn.kernels cimport api          then  api.gemm(EK_F32, &problem, ...)
 * C:       const ek_api *api = PyCapsule_Import(EK_API_CAPSULE, 0);
 *          and compare api->abi_version with EK_ABI_VERSION before use.
 *
 * Every kernel runs without the GIL, allocates nothing, and returns an ek_status.
 */
#ifndef EINKORN_API_H
#define EINKORN_API_H

#include "binary.h"
#include "conv.h"
#include "copy.h"
#include "ctc.h"
#include "elementwise.h"
#include "gemm.h"
#include "lookup.h"
#include "loss.h"
#include "norm.h"
#include "optim.h"
#include "pool.h"
#include "reduce.h"
#include "rnn.h"
#include "roof.h"
#include "row_norm.h"
#include "types.h"
#include "volume.h"
#include "word2vec.h"

#define EK_API_CAPSULE "einkorn.kernels._core._api"
/* Raised whenever a row is inserted, removed or changed; appending rows keeps it. */
#define EK_ABI_VERSION 7

#define EK_EACH_KERNEL(ROW)   \
    EK_GEMM_TABLE(ROW)        \
    EK_OPTIM_TABLE(ROW)       \
    EK_ELEMENTWISE_TABLE(ROW) \
    EK_NORM_TABLE(ROW)        \
    EK_LOSS_TABLE(ROW)        \
    EK_CONV_TABLE(ROW)        \
    EK_RNN_TABLE(ROW)         \
    EK_POOL_TABLE(ROW)        \
    EK_REDUCE_TABLE(ROW)      \
    EK_ROOF_TABLE(ROW)        \
    EK_WORD2VEC_TABLE(ROW)    \
    EK_VOLUME_TABLE(ROW)      \
    EK_ROW_NORM_TABLE(ROW)    \
    EK_LOOKUP_TABLE(ROW)      \
    EK_CTC_TABLE(ROW)         \
    EK_BINARY_TABLE(ROW)      \
    EK_COPY_TABLE(ROW)

#define EK_UNWRAP(...) __VA_ARGS__
#define EK_API_MEMBER(name, parameters, arguments) \
    int (*name)(ek_dtype dtype, EK_UNWRAP parameters);

typedef struct ek_api {
    int64_t abi_version;
    EK_EACH_KERNEL(EK_API_MEMBER)
} ek_api;

#undef EK_API_MEMBER

#endif
