#include "dispatch/dispatch.h"

#include "common/names.h"
#include "dispatch/cpu_features.h"

#include <stdatomic.h>
#include <stddef.h>

#define EK_ISA scalar
#include "dispatch/declare_variants.inc"
#if defined(__x86_64__) || defined(_M_X64)
#define EK_ISA avx2
#include "dispatch/declare_variants.inc"
#define EK_ISA avx512
#include "dispatch/declare_variants.inc"
#elif defined(__aarch64__) || defined(_M_ARM64)
#define EK_ISA neon
#include "dispatch/declare_variants.inc"
#endif

static const struct {
    const char *name;
    const ek_variants *variants;
} isas[EK_ISA_COUNT] = {
    [EK_ISA_SCALAR] = {"scalar", &ek_variants_scalar},
#if defined(__x86_64__) || defined(_M_X64)
    [EK_ISA_NEON] = {"neon", NULL},
    [EK_ISA_AVX2] = {"avx2", &ek_variants_avx2},
    [EK_ISA_AVX512] = {"avx512", &ek_variants_avx512},
#elif defined(__aarch64__) || defined(_M_ARM64)
    [EK_ISA_NEON] = {"neon", &ek_variants_neon},
    [EK_ISA_AVX2] = {"avx2", NULL},
    [EK_ISA_AVX512] = {"avx512", NULL},
#else
    [EK_ISA_NEON] = {"neon", NULL},
    [EK_ISA_AVX2] = {"avx2", NULL},
    [EK_ISA_AVX512] = {"avx512", NULL},
#endif
};

static _Atomic(const ek_variants *) active = &ek_variants_scalar;

const char *ek_isa_name(ek_isa isa) { return isas[isa].name; }

int ek_isa_available(ek_isa isa) {
    ek_cpu_features features = ek_cpu_detect();
    int offered[EK_ISA_COUNT] = {1, features.neon, features.avx2, features.avx512};
    return isas[isa].variants != NULL && offered[isa];
}

ek_isa ek_isa_best(void) {
    int isa = EK_ISA_COUNT - 1;
    while (!ek_isa_available((ek_isa)isa)) {
        isa--;
    }
    return (ek_isa)isa;
}

ek_isa ek_isa_active(void) {
    int isa = EK_ISA_COUNT - 1;
    while (isas[isa].variants != atomic_load(&active)) {
        isa--;
    }
    return (ek_isa)isa;
}

int ek_isa_activate(ek_isa isa) {
    if (!ek_isa_available(isa)) {
        return EK_BAD_ARGUMENT;
    }
    atomic_store(&active, isas[isa].variants);
    return EK_OK;
}

#define EK_DEFINE(name, parameters, arguments)                                             \
    static int dispatch_##name(ek_dtype dtype, EK_UNWRAP parameters) {                     \
        if (dtype != EK_F32 && dtype != EK_F64) {                                          \
            return EK_BAD_DTYPE;                                                           \
        }                                                                                  \
        return atomic_load_explicit(&active, memory_order_relaxed)->name[dtype] arguments; \
    }
EK_EACH_KERNEL(EK_DEFINE)

#define EK_MEMBER(name, parameters, arguments) .name = dispatch_##name,
const ek_api ek_api_table = {.abi_version = EK_ABI_VERSION, EK_EACH_KERNEL(EK_MEMBER)};

#define EK_NAME(name, parameters, arguments) #name,
const char *const ek_kernel_names[] = {EK_EACH_KERNEL(EK_NAME) NULL};
