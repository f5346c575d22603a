#ifndef EK_CPU_LIMIT_H
#define EK_CPU_LIMIT_H

/* Processors this process may use: min(affinity, floor(cgroup quota)), at least 1. */
int ek_cpu_limit(void);

#endif
