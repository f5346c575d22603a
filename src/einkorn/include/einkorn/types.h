/* Types shared by every kernel family. */
#ifndef EINKORN_TYPES_H
#define EINKORN_TYPES_H

#include <stdint.h>

typedef enum ek_dtype { EK_F32 = 0, EK_F64 = 1, EK_DTYPE_COUNT = 2 } ek_dtype;

/* What every kernel returns. Anything but EK_OK leaves the outputs undefined. */
typedef enum ek_status {
    EK_OK = 0,
    EK_BAD_ARGUMENT = 1, /* a size, stride or option outside its documented range */
    EK_BAD_INDEX = 2,    /* an index read from an array points outside its target */
    EK_TOO_LARGE = 3,    /* a size or offset does not fit in 63 bits */
    EK_NO_MEMORY = 4,
    EK_BAD_WORKSPACE = 5, /* workspace smaller than one thread's share, or misaligned */
    EK_INTERRUPTED = 6,
    EK_BAD_DTYPE = 7,
    EK_BAD_VALUE = 8 /* an element that the kernel is not for */
} ek_status;

/* Applied to a result before it is stored. */
typedef enum ek_activation {
    EK_IDENTITY = 0,
    EK_RELU = 1,
    EK_SIGMOID = 2,
    EK_TANH = 3,
    EK_ACTIVATION_COUNT = 4
} ek_activation;

/*
 * Scratch memory, lent by the caller for one call. `data` is aligned to 64 bytes. A kernel that
 * needs scratch has a companion `*_workspace` which says how much serves all threads; with less
 * (down to `minimum`) the kernel runs on as many threads as fit, with the same result.
 */
typedef struct ek_workspace {
    void *data;
    int64_t bytes;
} ek_workspace;

typedef struct ek_workspace_size {
    int64_t minimum; /* bytes for one thread */
    int64_t best;    /* bytes for every thread of the team */
} ek_workspace_size;

#endif
