"""The order of the images."""

import itertools

import numpy as np

from kerasae.training.batches import STEPS_PER_CHUNK, epoch_order, one_chunk, row_chunks


def test_every_epoch_has_an_order_of_its_own_and_repeats_it_when_asked_again():
    orders = [epoch_order(100, 7, epoch).numpy() for epoch in range(3)]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert not any(np.array_equal(a, b) for a, b in itertools.pairwise(orders))
    assert np.array_equal(orders[2], epoch_order(100, 7, 2).numpy())
    assert not np.array_equal(orders[2], epoch_order(100, 8, 2).numpy())


def test_chunks_hold_each_row_once_and_continue_at_any_epoch():
    count, batch = 1300, 5  # 260 steps: two full chunks and one of four steps
    rows = np.arange(10, 10 + count, dtype=np.int32)
    chunks = [(r.numpy(), int(n)) for r, n in row_chunks(rows, batch, 0, range(2))]
    assert [steps for _, steps in chunks] == [STEPS_PER_CHUNK, STEPS_PER_CHUNK, 4] * 2
    seen = [np.concatenate([r[:n].ravel() for r, n in chunks[e : e + 3]]) for e in (0, 3)]
    assert all(np.array_equal(np.sort(found), rows) for found in seen)
    later = [r.numpy() for r, _ in row_chunks(rows, batch, 0, range(1, 2))]
    assert all(np.array_equal(a, b[0]) for a, b in zip(later, chunks[3:], strict=True))


def test_no_tuning_thread_is_waited_for_when_an_epoch_ends():
    for chunks in (one_chunk(4, steps=0), row_chunks(np.arange(8, dtype=np.int32), 4, 0, range(1))):
        assert chunks.options().autotune.enabled is False


def test_the_chunk_that_is_compiled_with_looks_like_those_that_are_trained_on():
    rows = np.arange(8, dtype=np.int32)
    shapes = row_chunks(rows, 4, 0, range(1)).element_spec
    spec = one_chunk(4, steps=0).element_spec
    assert [(s.shape, s.dtype) for s in spec] == [(s.shape, s.dtype) for s in shapes]
    assert [int(steps) for _, steps in one_chunk(4, steps=0)] == [0]
