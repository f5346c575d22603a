/* How far apart the cores of two threads are. */
#ifndef EK_HANDOVER_H
#define EK_HANDOVER_H

#include <stdint.h>

/*
 * Nanoseconds that a cache line takes to a second thread's core and back, on average over `turns`;
 * -1 where no second thread takes part. Cores that share a cache answer several times sooner than
 * those that do not, and a virtual machine may move between the two from one second to the next.
 */
double ek_handover_nanoseconds(int64_t turns);

#endif
