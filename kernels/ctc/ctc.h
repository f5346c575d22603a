/* What the variants of CTC share: checks that do not depend on the ISA. */
#ifndef EK_CTC_H
#define EK_CTC_H

#include "einkorn/ctc.h"

/* Checks sizes and lengths, and that every target is a class. */
int ek_ctc_check(const ek_ctc_problem *problem);
/* States of the longest target: its labels, with blanks around each. */
int64_t ek_ctc_states(const ek_ctc_problem *problem);

#endif
