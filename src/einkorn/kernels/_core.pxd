"""The C interface, for Cython modules: the table of kernels and the structures it takes."""

from libc.stdint cimport int64_t, uint8_t, uint64_t

cdef extern from "einkorn/types.h" nogil:
    ctypedef enum ek_dtype:
        EK_F32
        EK_F64

    ctypedef enum ek_status:
        EK_OK
        EK_BAD_ARGUMENT
        EK_BAD_INDEX
        EK_TOO_LARGE
        EK_NO_MEMORY
        EK_BAD_WORKSPACE
        EK_INTERRUPTED
        EK_BAD_DTYPE
        EK_BAD_VALUE

    ctypedef enum ek_arithmetic:
        EK_ADD
        EK_SUBTRACT
        EK_MULTIPLY
        EK_DIVIDE
        EK_MAXIMUM
        EK_MINIMUM

    ctypedef enum ek_activation:
        EK_IDENTITY
        EK_RELU
        EK_SIGMOID
        EK_TANH

    ctypedef struct ek_workspace:
        void *data
        int64_t bytes

    ctypedef struct ek_workspace_size:
        int64_t minimum
        int64_t best

cdef extern from "einkorn/gemm.h" nogil:
    ctypedef enum ek_bias:
        EK_NO_BIAS
        EK_BIAS_PER_COLUMN
        EK_BIAS_PER_ROW

    ctypedef struct ek_gemm_problem:
        int64_t m, n, k, batch
        int64_t a_row_stride, a_column_stride, a_batch_stride
        int64_t b_row_stride, b_column_stride, b_batch_stride
        int64_t c_row_stride, c_batch_stride
        double alpha, beta
        ek_bias bias
        ek_activation activation

cdef extern from "einkorn/optim.h" nogil:
    enum:
        EK_OPTIM_STATES

    ctypedef struct ek_parameter:
        int64_t size
        void *value
        const void *grad
        void *state[3]

    ctypedef struct ek_sgd_problem:
        int64_t parameters
        double lr, momentum, dampening, weight_decay
        int nesterov

    ctypedef struct ek_adam_problem:
        int64_t parameters, step
        double lr, beta1, beta2, eps, weight_decay
        int decoupled, amsgrad

    ctypedef struct ek_rmsprop_problem:
        int64_t parameters
        double lr, alpha, eps, weight_decay, momentum
        int centered

    ctypedef struct ek_adagrad_problem:
        int64_t parameters, step
        double lr, lr_decay, eps, weight_decay

    ctypedef struct ek_adadelta_problem:
        int64_t parameters
        double lr, rho, eps, weight_decay

    ctypedef struct ek_adamax_problem:
        int64_t parameters, step
        double lr, beta1, beta2, eps, weight_decay

    ctypedef struct ek_nadam_problem:
        int64_t parameters, step
        double lr, beta1, beta2, eps, weight_decay, mu, mu_next, mu_product
        int decoupled

    ctypedef struct ek_radam_problem:
        int64_t parameters, step
        double lr, beta1, beta2, eps, weight_decay
        int decoupled

    ctypedef struct ek_rprop_problem:
        int64_t parameters
        double shrink, grow, least, most

    ctypedef struct ek_asgd_problem:
        int64_t parameters
        double eta, lambd, mu, weight_decay

cdef extern from "einkorn/elementwise.h" nogil:
    ctypedef struct ek_bias_activation_problem:
        int64_t outer, channels, inner
        ek_activation activation

cdef extern from "einkorn/norm.h" nogil:
    ctypedef struct ek_batch_norm_problem:
        int64_t batch, channels, spatial
        double eps
        int training
        ek_activation activation

cdef extern from "einkorn/loss.h" nogil:
    ctypedef struct ek_softmax_problem:
        int64_t outer, length, inner

    ctypedef enum ek_reduction:
        EK_REDUCE_NONE
        EK_REDUCE_SUM
        EK_REDUCE_MEAN

    ctypedef struct ek_cross_entropy_problem:
        int64_t samples, classes, inner
        int64_t ignore_index
        ek_reduction reduction

cdef extern from "einkorn/conv.h" nogil:
    ctypedef enum ek_conv_algorithm:
        EK_CONV_AUTO
        EK_CONV_IM2COL
        EK_CONV_IMPLICIT
        EK_CONV_DIRECT
        EK_CONV_LINEAR
        EK_CONV_WINOGRAD
        EK_CONV_DEPTHWISE
        EK_CONV_COL2IM
        EK_CONV_UNFOLD
        EK_CONV_ALGORITHM_COUNT

    ctypedef enum ek_conv_direction:
        EK_CONV_FORWARD
        EK_CONV_INPUT_GRAD
        EK_CONV_WEIGHT_GRAD

    ctypedef struct ek_conv2d_problem:
        int64_t batch, groups
        int64_t in_channels
        int64_t in_size[2]
        int64_t out_channels
        int64_t out_size[2]
        int64_t kernel[2]
        int64_t stride[2]
        int64_t padding[2]
        int64_t dilation[2]
        ek_conv_algorithm algorithm
        ek_activation activation
        int strict

cdef extern from "einkorn/rnn.h" nogil:
    ctypedef enum ek_rnn_cell:
        EK_LSTM
        EK_GRU
        EK_RNN_TANH
        EK_RNN_RELU

    ctypedef struct ek_rnn_problem:
        ek_rnn_cell cell
        int reverse
        int training
        int64_t steps, batch, input, hidden, rows
        const int64_t *batch_sizes

    ctypedef struct ek_rnn_arrays:
        const void *x
        const void *h0
        const void *c0
        const void *w_ih
        const void *w_hh
        const void *b_ih
        const void *b_hh
        void *output
        void *h_n
        void *c_n
        void *gates
        void *inner

    ctypedef struct ek_rnn_grad_arrays:
        const void *grad_output
        const void *grad_h_n
        const void *grad_c_n
        const void *x
        const void *h0
        const void *c0
        const void *w_ih
        const void *w_hh
        const void *output
        const void *gates
        const void *inner
        void *gx
        void *gh0
        void *gc0
        void *gw_ih
        void *gw_hh
        void *gb_ih
        void *gb_hh

cdef extern from "einkorn/pool.h" nogil:
    ctypedef struct ek_max_pool_problem:
        int64_t planes, height, width
        int64_t kernel[2]
        int64_t stride[2]
        int64_t padding[2]
        int64_t dilation[2]
        int ceil_mode

    ctypedef struct ek_avg_pool_problem:
        int64_t planes, height, width
        int64_t kernel[2]
        int64_t stride[2]
        int64_t padding[2]
        int ceil_mode, count_include_pad
        int64_t divisor_override

    ctypedef struct ek_adaptive_pool_problem:
        int64_t planes, height, width
        int64_t out_height, out_width

    ctypedef struct ek_unpool_problem:
        int64_t planes, pooled, size
        int64_t pooled_width, width

    int64_t ek_pool_output_size(int64_t input, int64_t kernel, int64_t stride, int64_t padding,
                                int64_t dilation, int ceil_mode)

cdef extern from "einkorn/word2vec.h" nogil:
    enum:
        EK_WORD2VEC_MOST_NEGATIVE
        EK_WORD2VEC_MOST_WINDOW

    ctypedef struct ek_word2vec_problem:
        int64_t tokens, sentences, vocabulary, size, stride
        int64_t window, negative, batch
        double lr_begin, lr_end
        uint64_t seed
        int bag

cdef extern from "einkorn/volume.h" nogil:
    ctypedef struct ek_depth_problem:
        int64_t batch, channels, depth, plane
        int64_t out_depth, kernel, stride, padding, dilation
        int64_t begin, end
        int adds

    ctypedef struct ek_span_pool_problem:
        int64_t planes
        int64_t input[3]
        int64_t output[3]
        int spans_per_plane

cdef extern from "einkorn/row_norm.h" nogil:
    ctypedef struct ek_row_norm_problem:
        int64_t rows, length, groups, inner
        double eps
        int centred

cdef extern from "einkorn/lookup.h" nogil:
    ctypedef struct ek_embedding_problem:
        int64_t count, rows, width, padding
        int by_frequency

    ctypedef enum ek_bag_mode:
        EK_BAG_SUM
        EK_BAG_MEAN
        EK_BAG_MAX

    ctypedef struct ek_embedding_bag_problem:
        int64_t count, bags, rows, width, padding
        ek_bag_mode mode
        int by_frequency

cdef extern from "einkorn/ctc.h" nogil:
    ctypedef struct ek_ctc_problem:
        int64_t steps, batch, classes, labels, blank, total
        const int64_t *targets
        const int64_t *starts
        const int64_t *input_lengths
        const int64_t *target_lengths
        int zero_infinity

cdef extern from "einkorn/binary.h" nogil:
    ctypedef struct ek_binary_problem:
        int64_t m, n, k
        int64_t a_row_stride, a_column_stride
        int64_t b_row_stride, b_column_stride
        int64_t c_row_stride, c_column_stride
        double alpha, beta
        ek_activation activation

cdef extern from "einkorn/api.h" nogil:
    ctypedef struct ek_api:
        int64_t abi_version
        int (*gemm)(ek_dtype dtype, const ek_gemm_problem *problem, const void *a, const void *b,
                    const void *bias, void *c, ek_workspace workspace) noexcept nogil
        int (*gemm_workspace)(ek_dtype dtype, const ek_gemm_problem *problem,
                              ek_workspace_size *size) noexcept nogil
        int (*sgd_step)(ek_dtype dtype, const ek_sgd_problem *problem,
                        const ek_parameter *parameters) noexcept nogil
        int (*adam_step)(ek_dtype dtype, const ek_adam_problem *problem,
                         const ek_parameter *parameters) noexcept nogil
        int (*rmsprop_step)(ek_dtype dtype, const ek_rmsprop_problem *problem,
                            const ek_parameter *parameters) noexcept nogil
        int (*adagrad_step)(ek_dtype dtype, const ek_adagrad_problem *problem,
                            const ek_parameter *parameters) noexcept nogil
        int (*adadelta_step)(ek_dtype dtype, const ek_adadelta_problem *problem,
                             const ek_parameter *parameters) noexcept nogil
        int (*adamax_step)(ek_dtype dtype, const ek_adamax_problem *problem,
                           const ek_parameter *parameters) noexcept nogil
        int (*nadam_step)(ek_dtype dtype, const ek_nadam_problem *problem,
                          const ek_parameter *parameters) noexcept nogil
        int (*radam_step)(ek_dtype dtype, const ek_radam_problem *problem,
                          const ek_parameter *parameters) noexcept nogil
        int (*rprop_step)(ek_dtype dtype, const ek_rprop_problem *problem,
                          const ek_parameter *parameters) noexcept nogil
        int (*asgd_step)(ek_dtype dtype, const ek_asgd_problem *problem,
                         const ek_parameter *parameters) noexcept nogil
        int (*relu)(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil
        int (*sigmoid)(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil
        int (*tanh)(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil
        int (*leaky_relu)(ek_dtype dtype, int64_t n, double negative_slope, const void *x,
                          void *y) noexcept nogil
        int (*elu)(ek_dtype dtype, int64_t n, double alpha, const void *x, void *y) noexcept nogil
        int (*relu_grad)(ek_dtype dtype, int64_t n, const void *grad, const void *y,
                         void *gx) noexcept nogil
        int (*sigmoid_grad)(ek_dtype dtype, int64_t n, const void *grad, const void *y,
                            void *gx) noexcept nogil
        int (*tanh_grad)(ek_dtype dtype, int64_t n, const void *grad, const void *y,
                         void *gx) noexcept nogil
        int (*leaky_relu_grad)(ek_dtype dtype, int64_t n, double negative_slope, const void *grad,
                               const void *x, void *gx) noexcept nogil
        int (*elu_grad)(ek_dtype dtype, int64_t n, double alpha, const void *grad, const void *x,
                        void *gx) noexcept nogil
        int (*dropout)(ek_dtype dtype, int64_t n, double p, uint64_t seed, const void *x, void *y,
                       uint8_t *mask) noexcept nogil
        int (*dropout_grad)(ek_dtype dtype, int64_t n, double p, const void *grad,
                            const uint8_t *mask, void *gx) noexcept nogil
        int (*bernoulli)(ek_dtype dtype, int64_t n, uint64_t seed, const void *p,
                         void *y) noexcept nogil
        int (*bias_activation)(ek_dtype dtype, const ek_bias_activation_problem *problem,
                               const void *x, const void *bias, void *y) noexcept nogil
        int (*add_relu)(ek_dtype dtype, int64_t n, const void *a, const void *b,
                        void *y) noexcept nogil
        int (*gelu)(ek_dtype dtype, int64_t n, int by_tanh, const void *x, void *y) noexcept nogil
        int (*gelu_grad)(ek_dtype dtype, int64_t n, int by_tanh, const void *grad, const void *x,
                         void *gx) noexcept nogil
        int (*erf)(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil
        int (*erfc)(ek_dtype dtype, int64_t n, const void *x, void *y) noexcept nogil
        int (*arithmetic)(ek_dtype dtype, ek_arithmetic operation, int64_t n, const void *a,
                          const void *b, void *y) noexcept nogil
        int (*arithmetic_number)(ek_dtype dtype, ek_arithmetic operation, int64_t n, const void *a,
                                 double number, int number_first, void *y) noexcept nogil
        int (*batch_norm)(ek_dtype dtype, const ek_batch_norm_problem *problem, const void *x,
                          const void *weight, const void *bias, const void *mean, const void *var,
                          void *y, void *used_mean, void *inv_std) noexcept nogil
        int (*batch_norm_grad)(ek_dtype dtype, const ek_batch_norm_problem *problem,
                               const void *grad, const void *x, const void *y,
                               const void *weight, const void *mean, const void *inv_std,
                               void *gx, void *gweight, void *gbias) noexcept nogil
        int (*softmax)(ek_dtype dtype, const ek_softmax_problem *problem, const void *x,
                       void *y) noexcept nogil
        int (*log_softmax)(ek_dtype dtype, const ek_softmax_problem *problem, const void *x,
                           void *y) noexcept nogil
        int (*softmax_grad)(ek_dtype dtype, const ek_softmax_problem *problem, const void *grad,
                            const void *y, void *gx) noexcept nogil
        int (*log_softmax_grad)(ek_dtype dtype, const ek_softmax_problem *problem,
                                const void *grad, const void *y, void *gx) noexcept nogil
        int (*cross_entropy)(ek_dtype dtype, const ek_cross_entropy_problem *problem,
                             const void *logits, const int64_t *target, const void *weight,
                             void *loss, void *gx) noexcept nogil
        int (*cross_entropy_grad)(ek_dtype dtype, const ek_cross_entropy_problem *problem,
                                  const void *grad, const void *logits, const int64_t *target,
                                  const void *weight, void *gx) noexcept nogil
        int (*cross_entropy_chain)(ek_dtype dtype, const ek_cross_entropy_problem *problem,
                                   const void *grad, const int64_t *target,
                                   void *gx) noexcept nogil
        int (*conv2d)(ek_dtype dtype, const ek_conv2d_problem *problem, const void *x,
                      const void *weight, const void *bias, void *y,
                      ek_workspace workspace) noexcept nogil
        int (*conv2d_slices)(ek_dtype dtype, const ek_conv2d_problem *problem,
                             const ek_depth_problem *slices, const void *x, const void *weight,
                             const void *bias, void *y, ek_workspace workspace) noexcept nogil
        int (*conv2d_slices_weight_grad)(ek_dtype dtype, const ek_conv2d_problem *problem,
                                         const ek_depth_problem *slices, const void *grad,
                                         const void *x, void *weight_grad,
                                         ek_workspace workspace) noexcept nogil
        int (*conv2d_input_grad)(ek_dtype dtype, const ek_conv2d_problem *problem, const void *grad,
                                 const void *weight, const void *bias, void *x_grad,
                                 ek_workspace workspace) noexcept nogil
        int (*conv2d_weight_grad)(ek_dtype dtype, const ek_conv2d_problem *problem,
                                  const void *grad, const void *x, void *weight_grad,
                                  ek_workspace workspace) noexcept nogil
        int (*conv2d_workspace)(ek_dtype dtype, const ek_conv2d_problem *problem,
                                ek_conv_direction direction, ek_workspace_size *size) noexcept nogil
        int (*conv2d_algorithm)(ek_dtype dtype, const ek_conv2d_problem *problem,
                                ek_conv_direction direction,
                                ek_conv_algorithm *algorithm) noexcept nogil
        int (*im2col)(ek_dtype dtype, const ek_conv2d_problem *problem, const void *x,
                      void *cols) noexcept nogil
        int (*col2im)(ek_dtype dtype, const ek_conv2d_problem *problem, const void *cols,
                      void *x) noexcept nogil
        int (*rnn)(ek_dtype dtype, const ek_rnn_problem *problem, const ek_rnn_arrays *arrays,
                   ek_workspace workspace) noexcept nogil
        int (*rnn_workspace)(ek_dtype dtype, const ek_rnn_problem *problem,
                             ek_workspace_size *size) noexcept nogil
        int (*rnn_grad)(ek_dtype dtype, const ek_rnn_problem *problem,
                        const ek_rnn_grad_arrays *arrays, ek_workspace workspace) noexcept nogil
        int (*rnn_grad_workspace)(ek_dtype dtype, const ek_rnn_problem *problem,
                                  ek_workspace_size *size) noexcept nogil
        int (*max_pool2d)(ek_dtype dtype, const ek_max_pool_problem *problem, const void *x,
                          void *y, int64_t *indices) noexcept nogil
        int (*max_pool2d_grad)(ek_dtype dtype, const ek_unpool_problem *problem, const void *grad,
                               const int64_t *indices, void *gx) noexcept nogil
        int (*max_unpool2d)(ek_dtype dtype, const ek_unpool_problem *problem, const void *x,
                            const int64_t *indices, void *y) noexcept nogil
        int (*max_unpool2d_grad)(ek_dtype dtype, const ek_unpool_problem *problem,
                                 const void *grad, const int64_t *indices,
                                 void *gx) noexcept nogil
        int (*avg_pool2d)(ek_dtype dtype, const ek_avg_pool_problem *problem, const void *x,
                          void *y) noexcept nogil
        int (*avg_pool2d_grad)(ek_dtype dtype, const ek_avg_pool_problem *problem,
                               const void *grad, void *gx) noexcept nogil
        int (*adaptive_avg_pool2d)(ek_dtype dtype, const ek_adaptive_pool_problem *problem,
                                   const void *x, void *y) noexcept nogil
        int (*adaptive_avg_pool2d_grad)(ek_dtype dtype, const ek_adaptive_pool_problem *problem,
                                        const void *grad, void *gx) noexcept nogil
        int (*max_pool2d_codes)(ek_dtype dtype, const ek_max_pool_problem *problem, const void *x,
                                void *y, uint8_t *codes) noexcept nogil
        int (*max_pool2d_codes_grad)(ek_dtype dtype, const ek_max_pool_problem *problem,
                                     const void *grad, const uint8_t *codes,
                                     void *gx) noexcept nogil
        int (*sum)(ek_dtype dtype, int64_t outer, int64_t length, int64_t inner, double divisor,
                   const void *x, void *y) noexcept nogil
        int (*channel_sum)(ek_dtype dtype, int64_t batch, int64_t channels, int64_t pixels,
                           const void *x, void *y) noexcept nogil
        int (*extreme)(ek_dtype dtype, int least, int64_t outer, int64_t length, int64_t inner,
                       const void *x, void *y, int64_t *index) noexcept nogil
        int (*clamp)(ek_dtype dtype, int64_t n, double low, double high, const void *x,
                     void *y) noexcept nogil
        int (*clamp_grad)(ek_dtype dtype, int64_t n, double low, double high, const void *grad,
                          const void *x, void *gx) noexcept nogil
        int (*where)(ek_dtype dtype, int64_t n, const uint8_t *condition, const void *a,
                     int a_is_number, const void *b, int b_is_number, void *y) noexcept nogil
        int (*roof_fma)(ek_dtype dtype, int64_t tasks, int64_t repeats, void *y,
                        int64_t *flops) noexcept nogil
        int (*roof_copy)(ek_dtype dtype, int64_t n, int streamed, const void *x,
                         void *y) noexcept nogil
        int (*word2vec)(ek_dtype dtype, const ek_word2vec_problem *problem, const int64_t *tokens,
                        const int64_t *offsets, const double *noise, void *input, void *output,
                        double *loss, int64_t *pairs, ek_workspace workspace) noexcept nogil
        int (*word2vec_workspace)(ek_dtype dtype, const ek_word2vec_problem *problem,
                                  ek_workspace_size *size) noexcept nogil
        int (*depth_stack)(ek_dtype dtype, const ek_depth_problem *problem, const void *volume,
                           void *stack) noexcept nogil
        int (*depth_unstack)(ek_dtype dtype, const ek_depth_problem *problem, const void *stack,
                             void *volume) noexcept nogil
        int (*span_max_pool)(ek_dtype dtype, const ek_span_pool_problem *problem, const void *x,
                             const int64_t *spans, void *y, int64_t *indices) noexcept nogil
        int (*row_norm)(ek_dtype dtype, const ek_row_norm_problem *problem, const void *x,
                        const void *weight, const void *bias, void *y, void *mean,
                        void *inv_std) noexcept nogil
        int (*row_norm_grad)(ek_dtype dtype, const ek_row_norm_problem *problem, const void *grad,
                             const void *x, const void *weight, const void *mean,
                             const void *inv_std, void *gx, void *gweight, void *gbias,
                             ek_workspace workspace) noexcept nogil
        int (*row_norm_grad_workspace)(ek_dtype dtype, const ek_row_norm_problem *problem,
                                       ek_workspace_size *size) noexcept nogil
        int (*embedding)(ek_dtype dtype, const ek_embedding_problem *problem, const void *table,
                         const int64_t *index, void *y) noexcept nogil
        int (*embedding_grad)(ek_dtype dtype, const ek_embedding_problem *problem,
                              const void *grad, const int64_t *index, void *gtable,
                              ek_workspace workspace) noexcept nogil
        int (*embedding_grad_workspace)(ek_dtype dtype, const ek_embedding_problem *problem,
                                        ek_workspace_size *size) noexcept nogil
        int (*embedding_bag)(ek_dtype dtype, const ek_embedding_bag_problem *problem,
                             const void *table, const int64_t *index, const int64_t *offsets,
                             const void *weight, void *y, int64_t *best) noexcept nogil
        int (*embedding_bag_grad)(ek_dtype dtype, const ek_embedding_bag_problem *problem,
                                  const void *grad, const int64_t *index, const int64_t *offsets,
                                  const void *weight, const int64_t *best, void *gtable,
                                  ek_workspace workspace) noexcept nogil
        int (*embedding_bag_grad_workspace)(ek_dtype dtype, const ek_embedding_bag_problem *problem,
                                            ek_workspace_size *size) noexcept nogil
        int (*ctc_loss)(ek_dtype dtype, const ek_ctc_problem *problem, const void *log_probs,
                        void *loss, void *log_alpha, ek_workspace workspace) noexcept nogil
        int (*ctc_loss_grad)(ek_dtype dtype, const ek_ctc_problem *problem, const void *grad,
                             const void *log_probs, const void *loss, const void *log_alpha,
                             void *gx, ek_workspace workspace) noexcept nogil
        int (*ctc_loss_workspace)(ek_dtype dtype, const ek_ctc_problem *problem,
                                  ek_workspace_size *size) noexcept nogil
        int (*binary_matmul)(ek_dtype dtype, const ek_binary_problem *problem, const void *a,
                             const void *b, const void *bias, void *c,
                             ek_workspace workspace) noexcept nogil
        int (*binary_matmul_workspace)(ek_dtype dtype, const ek_binary_problem *problem,
                                       ek_workspace_size *size) noexcept nogil
        int (*strided_copy)(ek_dtype dtype, int rank, const int64_t *shape, const int64_t *strides,
                            const void *x, void *y) noexcept nogil

cdef const ek_api *api

# Scratch for kernels from the caching allocator, NULL where none is left; needs no GIL.
cdef void *memory_take(int64_t size) noexcept nogil
cdef void memory_give(void *block) noexcept nogil
cdef void *memory_resize(void *block, int64_t size) noexcept nogil
cdef object take_interrupt()
