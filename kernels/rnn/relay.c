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
 * Where groups of rows divide evenly, each thread takes some through all steps of a leg: it waits
 * for nobody, and reads no line that another core has just written.
 *
 * Elsewhere all meet after each step. One of a small layer takes a microsecond or two, and the
 * team's handoff as long. So the team is given seats, each of which stays for many steps. A seat
 * has a share of every step's tasks, the same each time, so that the weights they read stay in one
 * core's cache. Whoever sits on it claims the share, computes it and waits for the others'. A share
 * that nobody has claimed, because the thread is late or never comes, is claimed by one that waits:
 * a claimed share is in the hands of a running thread, so every wait ends.
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
typedef struct legs {
    ek_relay_work work;
    void *context;
    ek_relay_course course;
    int64_t tasks, steps_per_leg;
} legs;

static void run_leg(void *context, int64_t leg, int slot) {
    (void)slot;
    const legs *l = context;
    int64_t end = ek_min((leg + 1) * l->steps_per_leg, l->course.steps);
    for (int64_t step = leg * l->steps_per_leg; step < end; step++) {
        for (int64_t task = 0; task < l->tasks; task++) {
            l->work(l->context, step, task);
        }
    }
}

static int run_together(const legs *l, int seats) {
    int status = EK_OK;
    for (int64_t step = 0; step < l->course.steps && status == EK_OK; step += l->steps_per_leg) {
        relay r = {.work = l->work, .context = l->context, .tasks = l->tasks, .seats = seats};
        r.begin = step;
        r.end = ek_min(step + l->steps_per_leg, l->course.steps);
        status = run_seated(&r);
    }
    return status;
}

/* Some groups, whose steps need nobody else's. */
typedef struct shares {
    const legs *legs;
    int64_t begin, end, count;
} shares;

static void run_share(void *context, int64_t share, int slot) {
    (void)slot;
    const shares *s = context;
    const legs *l = s->legs;
    int64_t groups = l->course.groups, first = groups * share / s->count;
    int64_t last = groups * (share + 1) / s->count;
    for (int64_t step = s->begin; step < s->end; step++) {
        for (int64_t panel = 0; panel < l->course.panels; panel++) {
            for (int64_t group = first; group < last; group++) {
                l->work(l->context, step, panel * groups + group);
            }
        }
    }
}

static int run_apart(const legs *l, int64_t count) {
    int status = EK_OK;
    for (int64_t step = 0; step < l->course.steps && status == EK_OK; step += l->steps_per_leg) {
        shares s = {l, step, ek_min(step + l->steps_per_leg, l->course.steps), count};
        status = ek_team_run(run_share, &s, count);
    }
    return status;
}

/* Whether threads that keep to their groups have as much to do as each other. */
static int divides_evenly(const ek_relay_course *course, int64_t seats) {
    const int64_t many = 4;
    return course->even && (course->groups % seats == 0 || course->groups >= many * seats);
}

/* A step that is long enough for a handoff of its own. */
typedef struct long_step {
    const legs *legs;
    int64_t step;
} long_step;

static void run_task(void *context, int64_t task, int slot) {
    (void)slot;
    const long_step *s = context;
    s->legs->work(s->legs->context, s->step, task);
}

int ek_relay_run(ek_relay_work work, void *context, ek_relay_course course) {
    const double leg_products = 1 << 26, worth_a_team = 1 << 15, fewest = 1e3;
    legs l = {work, context, course, course.panels * course.groups, 1};
    int64_t seats = ek_min(ek_min(ek_team_size(), MOST_SEATS), l.tasks);
    double products = course.products < fewest ? fewest : course.products;
    l.steps_per_leg = ek_max(1, (int64_t)(leg_products / products));
    if (seats < 2 || products < worth_a_team) {
        return ek_team_run_slots(run_leg, &l, ek_ceil_div(course.steps, l.steps_per_leg), 1);
    }
    if (divides_evenly(&course, seats)) {
        return run_apart(&l, seats);
    }
    if (products <= leg_products) {
        return run_together(&l, (int)seats);
    }
    int status = EK_OK;
    for (long_step s = {&l, 0}; s.step < course.steps && status == EK_OK; s.step++) {
        status = ek_team_run(run_task, &s, l.tasks);
    }
    return status;
}
