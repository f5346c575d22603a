#include "team/handover.h"

#include "common/pause.h"
#include "einkorn/types.h"
#include "team/team.h"

#include <stdatomic.h>
#include <time.h>

/* Spins until a partner is no longer expected: some milliseconds, ten times what it takes to wake.
 */
enum { PATIENCE = 1 << 17 };

enum meeting { NOBODY, ONE_WAITS, BOTH_THERE, GIVEN_UP };

typedef struct handover {
    int64_t turns;
    double nanoseconds;
    _Alignas(64) atomic_int meeting;
    _Alignas(64) _Atomic(int64_t) call;
    _Alignas(64) _Atomic(int64_t) answer;
} handover;

/* One thread may be given both tasks; then nobody comes to meet it. */
static int meet(handover *h) {
    int seen = NOBODY;
    if (!atomic_compare_exchange_strong(&h->meeting, &seen, ONE_WAITS)) {
        return seen == ONE_WAITS && atomic_compare_exchange_strong(&h->meeting, &seen, BOTH_THERE);
    }
    for (int spins = 0; spins < PATIENCE; spins++) {
        if (atomic_load(&h->meeting) == BOTH_THERE) {
            return 1;
        }
        ek_pause();
    }
    seen = ONE_WAITS;
    return !atomic_compare_exchange_strong(&h->meeting, &seen, GIVEN_UP);
}

static void wait_for(_Atomic(int64_t) *line, int64_t turn) {
    while (atomic_load_explicit(line, memory_order_acquire) != turn) {
    }
}

static double nanoseconds_now(void) {
    struct timespec time;
    timespec_get(&time, TIME_UTC);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void call_and_wait(handover *h) {
    double began = nanoseconds_now();
    for (int64_t turn = 1; turn <= h->turns; turn++) {
        atomic_store_explicit(&h->call, turn, memory_order_release);
        wait_for(&h->answer, turn);
    }
    h->nanoseconds = (nanoseconds_now() - began) / (double)h->turns;
}

static void answer_calls(handover *h) {
    for (int64_t turn = 1; turn <= h->turns; turn++) {
        wait_for(&h->call, turn);
        atomic_store_explicit(&h->answer, turn, memory_order_release);
    }
}

static void handover_task(void *context, int64_t index, int slot) {
    (void)slot;
    handover *h = context;
    if (meet(h)) {
        (index == 0 ? call_and_wait : answer_calls)(h);
    }
}

double ek_handover_nanoseconds(int64_t turns) {
    handover h = {.turns = turns, .nanoseconds = -1};
    ek_team_run_whole(handover_task, &h, 2);
    return h.nanoseconds;
}
