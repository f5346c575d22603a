/* Chooses, once, which variant of every kernel this process runs. */
#ifndef EK_DISPATCH_H
#define EK_DISPATCH_H

#include "einkorn/api.h"

/* In the order of preference: a later one is taken where the processor has it. */
typedef enum ek_isa { EK_ISA_SCALAR, EK_ISA_NEON, EK_ISA_AVX2, EK_ISA_AVX512, EK_ISA_COUNT } ek_isa;

#define EK_VARIANT_MEMBER(name, parameters, arguments) int(*name[EK_DTYPE_COUNT]) parameters;
typedef struct ek_variants {
    EK_EACH_KERNEL(EK_VARIANT_MEMBER)
} ek_variants;
#undef EK_VARIANT_MEMBER

const char *ek_isa_name(ek_isa isa);
/* Compiled in, and offered by both the processor and the operating system. */
int ek_isa_available(ek_isa isa);
ek_isa ek_isa_best(void);
ek_isa ek_isa_active(void);
/* Not while kernels run. EK_BAD_ARGUMENT where the variant is not available. */
int ek_isa_activate(ek_isa isa);

extern const ek_api ek_api_table;
/* Names of the rows of ek_api, in order, ending with NULL. */
extern const char *const ek_kernel_names[];

#endif
