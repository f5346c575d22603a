/*
 * Compiles EK_BODY for float and for double on the ISA whose primitives were included before.
 * Inside the body: `real` is the scalar type, `vec` a register of LANES of them, `mask` the result
 * of a comparison, V(op) a primitive, and FN(name) the name of this variant of a kernel.
 */
#include "common/compiler.h"
#include "common/names.h"

#define EK_REAL_F32 1
#define real float
#define vec vf32
#define mask mf32
#define LANES EK_F32_LANES
#define V(op) vf32_##op
#define FN(name) EK_VARIANT_NAME(name, f32, EK_ISA)
#include EK_BODY
#undef EK_REAL_F32
#undef real
#undef vec
#undef mask
#undef LANES
#undef V
#undef FN

#define EK_REAL_F64 1
#define real double
#define vec vf64
#define mask mf64
#define LANES EK_F64_LANES
#define V(op) vf64_##op
#define FN(name) EK_VARIANT_NAME(name, f64, EK_ISA)
#include EK_BODY
