#include "rnn/rnn.h"

#include "common/checked.h"

int64_t ek_rnn_gates(ek_rnn_cell cell) { return cell == EK_LSTM ? 4 : cell == EK_GRU ? 3 : 1; }

static int rows_fit(const ek_rnn_problem *p) {
    if (!p->batch_sizes) {
        return p->rows == ek_checked_mul(p->steps, p->batch);
    }
    int64_t rows = 0, most = p->batch;
    for (int64_t step = 0; step < p->steps; step++) {
        int64_t size = p->batch_sizes[step];
        if (size < 1 || size > most || (step == 0 && size != most)) {
            return 0;
        }
        rows = ek_checked_add(rows, size);
        most = size;
    }
    return rows == p->rows;
}

int ek_rnn_check(const ek_rnn_problem *p) {
    if (p->steps < 0 || p->batch < 0 || p->input < 0 || p->hidden < 0 || p->rows < 0 ||
        (unsigned)p->cell >= EK_RNN_CELL_COUNT) {
        return EK_BAD_ARGUMENT;
    }
    /* Room for the workspaces too, whose panels are rounded up by less than 64 units. */
    int64_t units = ek_checked_add(p->hidden, 64), inputs = ek_checked_add(p->input, 64);
    int64_t sequences = ek_checked_add(p->batch, 64), steps = ek_checked_add(p->steps, 1);
    int64_t rows = ek_checked_add(ek_checked_mul(steps, sequences), p->rows);
    int64_t gates = ek_checked_mul(4 * (int64_t)sizeof(double), units);
    int64_t weights = ek_checked_mul(gates, ek_checked_add(ek_checked_mul(4, units), inputs));
    int64_t values = ek_checked_mul(4, ek_checked_mul(gates, rows));
    int64_t read = ek_checked_mul(8, ek_checked_mul(inputs, rows));
    int64_t total = ek_checked_add(ek_checked_add(weights, values), read);
    if (ek_checked_mul(2, total) < 0) {
        return EK_TOO_LARGE;
    }
    return rows_fit(p) ? EK_OK : EK_BAD_ARGUMENT;
}

void ek_rnn_find_starts(const ek_rnn_problem *p, int64_t *starts) {
    starts[0] = 0;
    for (int64_t step = 0; step < p->steps; step++) {
        starts[step + 1] = starts[step] + (p->batch_sizes ? p->batch_sizes[step] : p->batch);
    }
}

/* Where the rows of a step begin, and how many there are. */
static int64_t rows_of(const ek_rnn_problem *p, const int64_t *starts, int64_t step, int64_t *at) {
    if (step < 0 || step >= p->steps) {
        *at = 0;
        return 0;
    }
    int64_t time = p->reverse ? p->steps - 1 - step : step;
    *at = starts[time];
    return starts[time + 1] - starts[time];
}

ek_rnn_step ek_rnn_step_of(const ek_rnn_problem *p, const int64_t *starts, int64_t step) {
    ek_rnn_step s;
    int64_t after;
    s.rows = rows_of(p, starts, step, &s.at);
    s.known = ek_min(s.rows, rows_of(p, starts, step - 1, &s.before));
    s.remain = ek_min(s.rows, rows_of(p, starts, step + 1, &after));
    return s;
}

ek_gemm_problem ek_plain_product(int64_t m, int64_t n, int64_t k) {
    return (ek_gemm_problem){.m = m,
                             .n = n,
                             .k = k,
                             .batch = 1,
                             .a_row_stride = k,
                             .a_column_stride = 1,
                             .b_row_stride = n,
                             .b_column_stride = 1,
                             .c_row_stride = n,
                             .alpha = 1};
}
