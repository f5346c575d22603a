"""Training of word vectors, in place."""

cimport numpy as cnp
from libc.stdint cimport int64_t, uintptr_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    deliver,
    empty,
    expect_shape,
    extent,
    index_input,
    inplace,
    integer,
    new_call,
    real_number,
)
from einkorn.kernels._core cimport (
    EK_WORD2VEC_MOST_NEGATIVE,
    EK_WORD2VEC_MOST_WINDOW,
    api,
    ek_word2vec_problem,
    ek_workspace_size,
)

import numpy as np

cnp.import_array()


cdef int64_t bounded(object value, str name, int64_t most) except -1:
    cdef int64_t number = integer(value, name, 1)
    if number > most:
        raise ValueError(f"{name}: expected an int of at most {most}, got {value!r}")
    return number


cdef double rate(object value, str name) except? -1:
    cdef double number = real_number(value, name)
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name}: expected a finite number of at least 0, got {value!r}")
    return number


cdef cnp.ndarray line_of_indices(object value, str name):
    cdef cnp.ndarray array = index_input(value, name)
    if cnp.PyArray_NDIM(array) != 1:
        raise ValueError(f"{name}: expected one axis, got shape {np.shape(value)}")
    return array


cdef int check_offsets(cnp.ndarray offsets, int64_t tokens) except -1:
    """Sentences follow one another from the first token on."""
    cdef int64_t count = cnp.PyArray_DIM(offsets, 0), i, end
    cdef const int64_t *begin = <const int64_t *>cnp.PyArray_DATA(offsets)
    if tokens > 0 and (count == 0 or begin[0] != 0):
        raise ValueError(f"offsets: expected the first to be 0, got {offsets[:1]}")
    for i in range(count):
        end = begin[i + 1] if i + 1 < count else tokens
        if begin[i] < 0 or begin[i] > end:
            raise ValueError(
                f"offsets: expected numbers that do not fall, up to {tokens}, "
                f"got {begin[i]} before {end}"
            )
    return 0


cdef cnp.ndarray noise_weights(object noise, int64_t words):
    cdef cnp.ndarray array = np.require(noise, np.float64, "CA")
    expect_shape(array, "noise", 1, &words)
    # Also false for NaN.
    if words and not (array.min() >= 0 and 0 < array.sum() < float("inf")):
        raise ValueError("noise: expected finite weights of at least 0 that are not all 0")
    return array


cdef int check_tokens(cnp.ndarray tokens, int64_t words) except -1:
    if cnp.PyArray_DIM(tokens, 0) and not 0 <= tokens.min() <= tokens.max() < words:
        wrong = tokens[(tokens < 0) | (tokens >= words)][0]
        raise IndexError(f"tokens: {wrong} is out of range for {words} words")
    return 0


cdef int64_t safe_batch(cnp.ndarray tokens) except -1:
    """Up to 64, a power of two, with the most frequent word in it twice on average at most."""
    cdef int64_t batch = 64, total = cnp.PyArray_DIM(tokens, 0)
    cdef int64_t most = np.bincount(tokens).max() if total else 0
    while batch > 1 and batch * most > 2 * total:
        batch //= 2
    return batch


cdef cnp.ndarray on_lines_of_cache(cnp.ndarray vectors):
    """A copy whose rows begin at multiples of 64 bytes: threads then share no line."""
    cdef int64_t line = 64 // cnp.PyArray_ITEMSIZE(vectors)
    cdef int64_t[2] shape = [cnp.PyArray_DIM(vectors, 0), cnp.PyArray_DIM(vectors, 1)]
    shape[1] = (shape[1] + line - 1) // line * line
    cdef cnp.ndarray padded = empty(2, shape, cnp.PyArray_TYPE(vectors))
    padded[:, :cnp.PyArray_DIM(vectors, 1)] = vectors
    return padded


cdef int forbid_shared(cnp.ndarray one, cnp.ndarray other) except -1:
    cdef uintptr_t low, high, begin, end
    extent(one, &low, &high)
    extent(other, &begin, &end)
    if low < end and begin < high:
        raise ValueError("output_vectors: must not overlap input_vectors")
    return 0


def word2vec_(input_vectors, output_vectors, tokens, offsets, noise, *, window=5, negative=5,
              lr=0.025, lr_end=None, cbow=False, batch=None, seed=0):
    r"""Train word vectors on a text by negative sampling, in place (Mikolov et al., 2013).

    Each word of the text sees the words up to :math:`b` places away in its sentence, with
    :math:`b` drawn from 1 to `window`. Over pairs of an input vector :math:`v` and the output
    vector :math:`u` of the word itself, with noise words :math:`n` drawn by their weights,

    .. math:: \ell = -\log \sigma(u^\top v) - \sum_{n} \log \sigma(-u_n^\top v)

    is descended. Skip-gram takes as :math:`v` the vector of each word of the window, CBOW their
    mean. The words of one window share their noise (Ji et al., 2016); noise that is the word itself
    is left out.

    The words of `batch` positions read the same vectors and then change them one after the other.
    The result depends on it and on `seed`, and on nothing else: not on the number of threads.

    Parameters
    ----------
    input_vectors, output_vectors : array, shape (V, D)
        :math:`v` and :math:`u`, changed in place; float32 or float64.
    tokens : array of int, shape (T,)
        Words as rows of the vectors.
    offsets : array of int, shape (S,)
        Where each sentence begins in `tokens`; the first at 0. One ends where the next begins.
    noise : array, shape (V,)
        Weights with which noise is drawn: the words' counts to the power of 0.75 in the paper.
    window : int
        From 1 to 255.
    negative : int
        Noise words to each position, from 1 to 63.
    lr, lr_end : float
        The learning rate falls linearly over the tokens from `lr` to `lr_end`, where that is given.
    cbow : bool
        Continuous bag of words instead of skip-gram.
    batch : int, optional
        From 1, as in the paper, to 2**20. One in which a word stands often makes its vector
        overshoot; without a number it is the largest power of two up to 64 that holds the most
        frequent word twice on average.
    seed : int
        Of the windows and the noise. Calls that shall be independent need different seeds.

    Returns
    -------
    float
        Mean loss over the pairs of an input vector and an output vector; NaN where there were none.

    Raises
    ------
    IndexError
        If a token is no row of the vectors; nothing has changed.
    TypeError, ValueError
        If dtypes or shapes do not fit or a number is out of range; nothing has changed.
    KeyboardInterrupt
        After Ctrl-C; the vectors are as far as training came.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> rng = np.random.default_rng(0)
    >>> v, u = rng.uniform(-0.1, 0.1, (4, 8)), np.zeros((4, 8))
    >>> text = np.array([0, 1] * 50 + [2, 3] * 50)
    >>> first = kernels.word2vec_(v, u, text, [0, 100], np.ones(4), window=1, lr=0.1, batch=1)
    >>> last = kernels.word2vec_(v, u, text, [0, 100], np.ones(4), window=1, lr=0.1, batch=1)
    >>> last < first
    True
    """
    cdef Call call = new_call()
    cdef ek_word2vec_problem problem
    cdef ek_workspace_size size
    cdef cnp.ndarray v = inplace(input_vectors, "input_vectors", &call)
    cdef cnp.ndarray u = inplace(output_vectors, "output_vectors", &call)
    cdef cnp.ndarray text = line_of_indices(tokens, "tokens")
    cdef cnp.ndarray begin = line_of_indices(offsets, "offsets")
    cdef double loss = 0
    cdef int64_t pairs = 0
    cdef int status
    if cnp.PyArray_NDIM(v) != 2 or cnp.PyArray_DIM(v, 1) < 1:
        raise ValueError(f"input_vectors: expected shape (V, D) with D > 0, got {np.shape(v)}")
    expect_shape(u, "output_vectors", 2, <const int64_t *>cnp.PyArray_DIMS(v))
    forbid_shared(input_vectors, output_vectors)
    problem.tokens, problem.sentences = cnp.PyArray_DIM(text, 0), cnp.PyArray_DIM(begin, 0)
    problem.vocabulary, problem.size = cnp.PyArray_DIM(v, 0), cnp.PyArray_DIM(v, 1)
    check_tokens(text, problem.vocabulary)
    check_offsets(begin, problem.tokens)
    cdef cnp.ndarray weights = noise_weights(noise, problem.vocabulary)
    problem.window = bounded(window, "window", EK_WORD2VEC_MOST_WINDOW)
    problem.negative = bounded(negative, "negative", EK_WORD2VEC_MOST_NEGATIVE)
    problem.batch = safe_batch(text) if batch is None else bounded(batch, "batch", 1 << 20)
    problem.lr_begin = rate(lr, "lr")
    problem.lr_end = problem.lr_begin if lr_end is None else rate(lr_end, "lr_end")
    problem.seed = integer(seed, "seed", 0)
    problem.bag = bool(cbow)
    # Worth it where vectors are read more often than once or twice.
    cdef bint copies = problem.tokens * problem.window > 2 * problem.vocabulary
    cdef cnp.ndarray v_rows = on_lines_of_cache(v) if copies else v
    cdef cnp.ndarray u_rows = on_lines_of_cache(u) if copies else u
    problem.stride = cnp.PyArray_DIM(v_rows, 1)
    check(api.word2vec_workspace(call.dtype, &problem, &size), "word2vec_")
    cdef Scratch scratch = Scratch()
    scratch.reserve(size.best)
    with nogil:
        status = api.word2vec(
            call.dtype, &problem, <const int64_t *>cnp.PyArray_DATA(text),
            <const int64_t *>cnp.PyArray_DATA(begin), <const double *>cnp.PyArray_DATA(weights),
            cnp.PyArray_DATA(v_rows), cnp.PyArray_DATA(u_rows), &loss, &pairs, scratch.workspace
        )
    # Also after an interrupt, which leaves whole batches behind.
    if copies:
        v[...] = v_rows[:, :problem.size]
        u[...] = u_rows[:, :problem.size]
    deliver(v, input_vectors)
    deliver(u, output_vectors)
    check(status, "word2vec_")
    return loss / pairs if pairs else float("nan")
