"""One epoch of word vectors against gensim: from a text of words, both with negative sampling."""

from itertools import chain

import numpy as np

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import INSTALLED

KINDS = {"skip_gram": ("epoch",), "cbow": ("epoch",)}
TOPICS, SENTENCE = 50, 20
RATE, LAST_RATE = 0.025, 1e-4
#: Share of the most frequent words whose nearest neighbour must be of their own topic, and of how
#: many words.
LEARNED, FREQUENT = 0.9, 500
#: Epochs after which that is looked at.
EPOCHS = 2


def cost(shape, direction):
    # Windows reach half as far as they may on average; a product and two changes for each pair.
    inputs = shape.get("window") + 1 if shape.kind == "skip_gram" else 1
    pairs = shape.get("words") * inputs * (shape.get("negative") + 1)
    # Both kinds of vectors are read and written.
    return Cost(6 * pairs * shape.get("size"), 16 * shape.get("vocabulary") * shape.get("size"))


def build(shape):
    run = {"einkorn": einkorn_epoch(shape)}
    if "gensim" in INSTALLED:
        run["gensim"] = gensim_epoch(shape)
    return {"epoch": run}


def topical_text(shape):
    """Sentences, each of the words of one topic: words that belong together are known."""
    source = np.random.default_rng(0)
    vocabulary, count = shape.get("vocabulary"), shape.get("words") // SENTENCE
    each = vocabulary // TOPICS
    frequency = 1 / np.arange(1, each + 1)
    topics = source.integers(0, TOPICS, count)
    words = source.choice(each, (count, SENTENCE), p=frequency / frequency.sum())
    return topics[:, None] * each + words


def learned(vectors, numbers, each):
    """Whether the most frequent words lie beside words of their topics, as 1 or 0.

    `vectors` are those of the words `numbers`, the most frequent first.
    """
    frequent = vectors[:FREQUENT] / np.linalg.norm(vectors[:FREQUENT], axis=1, keepdims=True)
    near = frequent @ frequent.T
    np.fill_diagonal(near, -np.inf)
    topics = numbers[:FREQUENT] // each
    return np.float64(np.mean(topics[near.argmax(axis=1)] == topics) >= LEARNED)


def told_once(epoch, ask):
    """`epoch`, which answers `ask()` after its first `EPOCHS` calls, and from then on the same."""
    answer: list[np.float64] = []

    def call():
        if not answer:
            for _ in range(EPOCHS):
                epoch()
            answer.append(ask())
        else:
            epoch()
        return answer[0]

    return call


def einkorn_epoch(shape):
    text = topical_text(shape)
    sentences = [[f"w{number}" for number in sentence] for sentence in text]
    numbers, counts = np.unique(text, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    numbers, noise = numbers[order], counts[order] ** 0.75
    place = {f"w{number}": i for i, number in enumerate(numbers)}
    source = np.random.default_rng(0)
    size = shape.get("size")
    vectors = source.uniform(-0.5 / size, 0.5 / size, (len(numbers), size)).astype(np.float32)
    output = np.zeros_like(vectors)
    seeds = iter(range(1 << 30))

    def epoch():
        words = chain.from_iterable(sentences)
        tokens = np.fromiter(map(place.__getitem__, words), np.int64, text.size)
        kernels.word2vec_(
            vectors,
            output,
            tokens,
            np.arange(0, text.size, SENTENCE),
            noise,
            window=shape.get("window"),
            negative=shape.get("negative"),
            lr=RATE,
            lr_end=LAST_RATE,
            cbow=shape.kind == "cbow",
            seed=next(seeds),
        )

    return told_once(epoch, lambda: learned(vectors, numbers, shape.get("vocabulary") // TOPICS))


def gensim_epoch(shape):
    from gensim.models import Word2Vec

    text = topical_text(shape)
    sentences = [[f"w{number}" for number in sentence] for sentence in text]
    model = Word2Vec(
        vector_size=shape.get("size"),
        window=shape.get("window"),
        negative=shape.get("negative"),
        sg=int(shape.kind == "skip_gram"),
        workers=kernels.get_num_threads(),
        alpha=RATE,
        min_alpha=LAST_RATE,
        min_count=1,
        sample=0,
        seed=1,
    )
    model.build_vocab(sentences)
    numbers = np.array([int(word[1:]) for word in model.wv.index_to_key])

    def epoch():
        model.train(sentences, total_examples=len(sentences), epochs=1)

    each = shape.get("vocabulary") // TOPICS
    return told_once(epoch, lambda: learned(model.wv.vectors, numbers, each))
