#define _GNU_SOURCE
#include "team/cpu_limit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sched.h>
#endif

#if defined(__linux__)
static int affinity_limit(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        return CPU_COUNT(&set);
    }
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

static int quota_limit(long long quota, long long period) {
    return quota > 0 && period > 0 && quota / period < INT_MAX ? (int)(quota / period) : INT_MAX;
}

static int read_number(const char *path, long long *number) {
    FILE *file = fopen(path, "r");
    if (!file) {
        return 0;
    }
    int found = fscanf(file, "%lld", number) == 1;
    fclose(file);
    return found;
}

static int cgroup2_file_limit(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file) {
        return INT_MAX;
    }
    long long quota, period;
    /* An unlimited group says "max" where the quota would stand. */
    int limit =
        fscanf(file, "%lld %lld", &quota, &period) == 2 ? quota_limit(quota, period) : INT_MAX;
    fclose(file);
    return limit;
}

/* Every ancestor's quota binds too: walk from the process's own group up to the root. */
static int cgroup2_limit(void) {
    char group[PATH_MAX] = "", path[PATH_MAX + 64];
    FILE *file = fopen("/proc/self/cgroup", "r");
    if (file) {
        char line[PATH_MAX];
        while (fgets(line, sizeof line, file)) {
            if (strncmp(line, "0::", 3) == 0) {
                snprintf(group, sizeof group, "%s", line + 3);
                group[strcspn(group, "\n")] = '\0';
            }
        }
        fclose(file);
    }
    int limit = INT_MAX;
    for (;;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/cpu.max", group);
        int here = cgroup2_file_limit(path);
        limit = here < limit ? here : limit;
        char *slash = strrchr(group, '/');
        if (!slash) {
            return limit;
        }
        *slash = '\0';
    }
}

static int cgroup1_limit(void) {
    long long quota, period;
    if (read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &quota) &&
        read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &period)) {
        return quota_limit(quota, period);
    }
    return INT_MAX;
}

int ek_cpu_limit(void) {
    int limit = affinity_limit();
    int quotas[] = {cgroup2_limit(), cgroup1_limit()};
    for (int i = 0; i < 2; i++) {
        limit = quotas[i] < limit ? quotas[i] : limit;
    }
    return limit < 1 ? 1 : limit;
}
#elif defined(_WIN32)
int ek_cpu_limit(void) {
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwNumberOfProcessors < 1 ? 1 : (int)info.dwNumberOfProcessors;
}
#else
int ek_cpu_limit(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : (int)count;
}
#endif
