"""The array tier has exactly the functions and signatures that were promised."""

import inspect

import pytest

from einkorn import kernels
from einkorn.testing.calls import CALLS

SIGNATURES = """
matmul(a, b, *, transpose_a=False, transpose_b=False, alpha=1.0, beta=0.0, algorithm="auto", out=None)
binary_matmul(a, b, *, bias=None, activation=None, alpha=1.0, beta=0.0, out=None)
linear(x, weight, bias=None, *, activation=None, out=None)
linear_grad(grad, x, weight, *, needs=(True, True, True))
im2col(x, kernel_size, *, stride=1, padding=0, dilation=1, out=None)
col2im(cols, output_size, kernel_size, *, stride=1, padding=0, dilation=1, out=None)
conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, activation=None, algorithm="auto", precision=None, out=None)
conv2d_input_grad(grad, weight, input_shape, *, stride=1, padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv2d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv2d_bias_grad(grad, *, out=None)
conv_transpose2d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, activation=None, algorithm="auto", precision=None, out=None)
conv_transpose2d_input_grad(grad, weight, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv_transpose2d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
max_pool2d(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False, out=None)
max_pool2d_grad(grad, indices, input_shape, *, out=None)
max_unpool2d(x, indices, output_size, *, out=None)
max_unpool2d_grad(grad, indices, *, out=None)
avg_pool2d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, out=None)
avg_pool2d_grad(grad, input_shape, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, out=None)
adaptive_avg_pool2d(x, output_size, *, out=None)
adaptive_avg_pool2d_grad(grad, input_shape, *, out=None)
conv3d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1, activation=None, algorithm="auto", precision=None, out=None)
conv3d_input_grad(grad, weight, input_shape, *, stride=1, padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv3d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv_transpose3d(x, weight, bias=None, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, activation=None, algorithm="auto", precision=None, out=None)
conv_transpose3d_input_grad(grad, weight, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
conv_transpose3d_weight_grad(grad, x, weight_shape, *, stride=1, padding=0, output_padding=0, dilation=1, groups=1, algorithm="auto", precision=None, out=None)
max_pool3d(x, kernel_size, *, stride=None, padding=0, dilation=1, ceil_mode=False, out=None)
max_pool3d_grad(grad, indices, input_shape, *, out=None)
max_unpool3d(x, indices, output_size, *, out=None)
max_unpool3d_grad(grad, indices, *, out=None)
avg_pool3d(x, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, out=None)
avg_pool3d_grad(grad, input_shape, kernel_size, *, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None, out=None)
adaptive_avg_pool3d(x, output_size, *, out=None)
adaptive_avg_pool3d_grad(grad, input_shape, *, out=None)
adaptive_max_pool2d(x, output_size, *, out=None)
adaptive_max_pool3d(x, output_size, *, out=None)
fractional_max_pool2d(x, kernel_size, output_size, samples, *, out=None)
lstm_cell(x, h, c, w_ih, w_hh, b_ih=None, b_hh=None)
lstm_cell_grad(grad_h, grad_c, x, h, c, c_next, gates, w_ih, w_hh)
gru_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None)
gru_cell_grad(grad_h, x, h, gates, inner, w_ih, w_hh)
rnn_cell(x, h, w_ih, w_hh, b_ih=None, b_hh=None, *, nonlinearity="tanh")
rnn_cell_grad(grad_h, x, h, h_next, w_ih, w_hh, *, nonlinearity="tanh")
relu(x, *, out=None)
sigmoid(x, *, out=None)
tanh(x, *, out=None)
relu_grad(grad, y, *, out=None)
sigmoid_grad(grad, y, *, out=None)
tanh_grad(grad, y, *, out=None)
leaky_relu(x, negative_slope=0.01, *, out=None)
elu(x, alpha=1.0, *, out=None)
leaky_relu_grad(grad, x, negative_slope)
elu_grad(grad, x, alpha)
erf(x, *, out=None)
erfc(x, *, out=None)
gelu(x, approximate="none", *, out=None)
add(a, b, *, out=None)
subtract(a, b, *, out=None)
multiply(a, b, *, out=None)
divide(a, b, *, out=None)
maximum(a, b, *, out=None)
minimum(a, b, *, out=None)
gelu_grad(grad, x, approximate="none", *, out=None)
softmax(x, axis=-1, *, out=None)
log_softmax(x, axis=-1, *, out=None)
softmax_grad(grad, y, axis=-1)
log_softmax_grad(grad, y, axis=-1)
cross_entropy(logits, target, *, weight=None, ignore_index=-100, reduction="mean")
cross_entropy_grad(grad, logits, target, *, weight=None, ignore_index=-100, reduction="mean")
ctc_loss(log_probs, targets, input_lengths, target_lengths, *, blank=0)
ctc_loss_grad(grad, log_probs, targets, input_lengths, target_lengths, loss, log_alpha, *, blank=0, zero_infinity=False)
dropout(x, p, seed, *, out=None)
dropout_grad(grad, mask, p)
bernoulli(p, seed, *, out=None)
batch_norm(x, weight, bias, mean=None, var=None, *, eps=1e-5)
batch_norm_grad(grad, x, weight, mean, inv_std, *, training=True)
batch_norm_relu(x, weight, bias, mean=None, var=None, *, eps=1e-5)
batch_norm_relu_grad(grad, y, x, weight, mean, inv_std, *, training=True)
layer_norm(x, normalized_shape, weight=None, bias=None, *, eps=1e-5)
layer_norm_grad(grad, x, normalized_shape, weight, mean, inv_std, *, affine=True)
rms_norm(x, normalized_shape, weight=None, *, eps=1e-5)
rms_norm_grad(grad, x, normalized_shape, weight, inv_rms, *, affine=True)
group_norm(x, num_groups, weight=None, bias=None, *, eps=1e-5)
group_norm_grad(grad, x, num_groups, weight, mean, inv_std, *, affine=True)
copy(x, *, out=None)
amax(x, axis=None, keepdims=False, *, out=None)
amin(x, axis=None, keepdims=False, *, out=None)
argmax(x, axis=None, keepdims=False)
argmin(x, axis=None, keepdims=False)
clamp(x, min=None, max=None, *, out=None)
clamp_grad(grad, x, min=None, max=None)
where(condition, a, b, *, out=None)
sum(x, axis=None, keepdims=False, *, out=None)
mean(x, axis=None, keepdims=False, *, out=None)
embedding(table, index, *, out=None)
embedding_bag(table, index, offsets, *, mode='mean', per_sample_weights=None, padding_idx=None, out=None)
embedding_bag_grad(grad, index, offsets, num_embeddings, *, mode='mean', per_sample_weights=None, padding_idx=None, scale_grad_by_freq=False, best=None)
embedding_grad(grad, index, num_embeddings, *, padding_idx=None, scale_grad_by_freq=False)
sgd_step_(param, grad, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False)
adam_step_(param, grad, exp_avg, exp_avg_sq, step, *, lr, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=False)
"""  # noqa: E501


def promised(row):
    """Turn a row of the table into a name and a signature."""
    namespace = {}
    exec(f"def {row}: ...", namespace)
    name = row.partition("(")[0]
    return name, inspect.signature(namespace[name])


ROWS = dict(map(promised, SIGNATURES.strip().splitlines()))


def form(signature):
    """What counts of a signature: names, kinds and defaults, but not annotations."""
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


@pytest.mark.parametrize("name", ROWS)
def test_signature(name):
    assert form(inspect.signature(getattr(kernels, name))) == form(ROWS[name])


@pytest.mark.parametrize("name", ROWS)
def test_is_public_and_documented(name):
    assert name in kernels.__all__
    assert "Parameters" in getattr(kernels, name).__doc__


def test_every_function_has_a_call():
    assert set(CALLS) == set(ROWS)
