/* How a kernel's variants are named: ek_<kernel>_<dtype>_<isa>. */
#ifndef EK_NAMES_H
#define EK_NAMES_H

#define EK_JOIN_EXPANDED(a, b) a##b
#define EK_JOIN(a, b) EK_JOIN_EXPANDED(a, b)
#define EK_VARIANT_NAME_EXPANDED(name, dtype, isa) ek_##name##_##dtype##_##isa
#define EK_VARIANT_NAME(name, dtype, isa) EK_VARIANT_NAME_EXPANDED(name, dtype, isa)

#endif
