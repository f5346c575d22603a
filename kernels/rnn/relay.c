#include "rnn/relay.h"

#include "common/checked.h"
#include "common/pause.h"
#include "einkorn/types.h"
#include "team/team.h"

#include <stdatomic.h>

#if defined(__unix__) || defined(__APPLE__)
#include <sched.h>
#define yield() ((void)sched_yield())
#else
#define yield() ((void)0)
#endif

/*
 * A step of a small layer takes a microsecond or two, and the team's handoff as long. So the team
 * is given seats, each of which stays for many steps. A seat has a share of every step's tasks, the
 * same each time, so that the weights they read stay in one core's cache. Whoever sits on it claims
 * the share, computes it and waits for the others'. A share that nobody has claimed, because the
 * thread is late or never comes, is claimed by one that waits: a claimed share is in the hands of a
 * running thread, so every wait ends.
 */
enum {
    MOST_SEATS = 64,
    PATIENCE = 1 << 11,  /* spins before a share is taken from a thread that has a seat */
    POLITENESS = 1 << 13 /* spins before another process is let in */
};

typedef struct seat {
    _Alignas(64) _Atomic(int64_t) step; /* the next whose share is not claimed */
} seat;

typedef struct relay {
    ek_relay_work work;
    void *context;
    int64_t begin, end, tasks; /* steps [begin, end) */
    int seats;
    seat *list;
    atomic_int seated;
    _Alignas(64) _Atomic(int64_t) done; /* shares of the steps from begin on */
} relay;

static int work_share(relay *r, int number, int64_t step) {
    int64_t expected = step;
    if (!atomic_compare_exchange_strong(&r->list[number].step, &expected, step + 1)) {
        return 0;
    }
    int64_t end = r->tasks * (number + 1) / r->seats;
    for (int64_t task = r->tasks * number / r->seats; task < end; task++) {
        r->work(r->context, step, task);
    }
    atomic_fetch_add_explicit(&r->done, 1, memory_order_release);
    return 1;
}

static void finish_step(relay *r, int64_t step) {
    int64_t wanted = (step - r->begin + 1) * r->seats;
    int64_t spins = 0;
    while (atomic_load_explicit(&r->done, memory_order_acquire) < wanted) {
        if (spins++ > PATIENCE ||
            atomic_load_explicit(&r->seated, memory_order_relaxed) < r->seats) {
            for (int number = 0; number < r->seats; number++) {
                work_share(r, number, step);
            }
        }
        if (spins > POLITENESS) {
            yield();
        }
        ek_pause();
    }
}

static void take_seat(void *context, int64_t number, int slot) {
    (void)slot;
    relay *r = context;
    atomic_fetch_add_explicit(&r->seated, 1, memory_order_relaxed);
    for (int64_t step = r->begin; step < r->end; step++) {
        work_share(r, (int)number, step);
        finish_step(r, step);
    }
}

static int run_seated(relay *r) {
    seat seats[MOST_SEATS];
    for (int i = 0; i < r->seats; i++) {
        atomic_init(&seats[i].step, r->begin);
    }
    r->list = seats;
    atomic_init(&r->seated, 0);
    atomic_init(&r->done, 0);
    return ek_team_run(take_seat, r, r->seats);
}

/* Legs of steps, between which the team asks whether to go on. */
typedef struct course {
    ek_relay_work work;
    void *context;
    int64_t steps, tasks, steps_per_leg;
} course;

static void run_leg(void *context, int64_t leg, int slot) {
    (void)slot;
    const course *c = context;
    int64_t end = ek_min((leg + 1) * c->steps_per_leg, c->steps);
    for (int64_t step = leg * c->steps_per_leg; step < end; step++) {
        for (int64_t task = 0; task < c->tasks; task++) {
            c->work(c->context, step, task);
        }
    }
}

static int run_together(const course *c, int seats) {
    int status = EK_OK;
    for (int64_t step = 0; step < c->steps && status == EK_OK; step += c->steps_per_leg) {
        relay r = {.work = c->work, .context = c->context, .tasks = c->tasks, .seats = seats};
        r.begin = step;
        r.end = ek_min(step + c->steps_per_leg, c->steps);
        status = run_seated(&r);
    }
    return status;
}

/* A step that is long enough for a handoff of its own. */
typedef struct long_step {
    const course *course;
    int64_t step;
} long_step;

static void run_task(void *context, int64_t task, int slot) {
    (void)slot;
    const long_step *s = context;
    s->course->work(s->course->context, s->step, task);
}

int ek_relay_run(ek_relay_work work, void *context, int64_t steps, int64_t tasks, double products) {
    const double leg_products = 1 << 26, worth_a_team = 1 << 15;
    course c = {work, context, steps, tasks, 1};
    int status = EK_OK;
    if (products > leg_products) {
        for (long_step s = {&c, 0}; s.step < steps && status == EK_OK; s.step++) {
            status = ek_team_run(run_task, &s, tasks);
        }
        return status;
    }
    c.steps_per_leg = (int64_t)(leg_products / (products < 1e3 ? 1e3 : products));
    int64_t seats = ek_min(ek_min(ek_team_size(), MOST_SEATS), tasks);
    if (seats < 2 || products < worth_a_team) {
        return ek_team_run_slots(run_leg, &c, ek_ceil_div(steps, c.steps_per_leg), 1);
    }
    return run_together(&c, (int)seats);
}
