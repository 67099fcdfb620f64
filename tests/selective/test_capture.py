"""What gradients of a window tell of the tasks."""

import numpy as np
import pytest
import torch

from skmtl.selective._capture import GradientCapture, SketchPoints


def steps(n_steps=6, n_tasks=4, shape=(5, 3), seed=0):
    random = torch.Generator().manual_seed(seed)
    draw = torch.randn(n_steps, n_tasks, *shape, generator=random)
    return draw.to(torch.float64)


def captured(gradients, representation, rank=2, reshape=None):
    capture = GradientCapture(representation, rank, reshape)
    for gradient in gradients:
        capture.add(gradient)
    return capture.similarity()


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_mean_is_the_squared_cosine_of_mean_gradients():
    gradients = steps()
    expected = cosines(gradients.mean(0).flatten(1).numpy()) ** 2
    np.testing.assert_allclose(captured(gradients, "mean"), expected, rtol=1e-10)


def test_gram_compares_left_factors():
    gradients = steps()
    grams = sum(own.numpy() @ own.numpy().transpose(0, 2, 1) for own in gradients)
    expected = cosines(grams.reshape(4, -1))
    np.testing.assert_allclose(captured(gradients, "gram"), expected, rtol=1e-10)


def test_a_train_of_a_matrix_is_its_truncated_decomposition():
    gradients = steps(n_steps=1)
    vectors = []
    for own in gradients[0].numpy():
        left, values, right = np.linalg.svd(own, full_matrices=False)
        factors = [left[:, :2].ravel(), (values[:2, None] * right[:2]).ravel()]
        vectors.append(np.concatenate(factors))
    found = captured(gradients, "tensor_train")
    # Signs of singular vectors are free, so only sizes are compared.
    assert found.shape == (4, 4)
    np.testing.assert_allclose(np.diag(found), 1.0)
    from tensorly.decomposition import tensor_train

    for own, vector in zip(gradients[0].numpy(), vectors, strict=True):
        cores = tensor_train(own, rank=[1, 2, 1])
        joint = np.concatenate([core.ravel() for core in cores])
        np.testing.assert_allclose(np.abs(joint), np.abs(vector), rtol=1e-8)


def test_a_train_may_read_the_gradient_as_another_tensor():
    gradients = steps(shape=(4, 6))
    found = captured(gradients, "tensor_train", reshape=(2, 2, 6))
    other = captured(gradients, "tensor_train")
    assert found.shape == (4, 4)
    assert not np.allclose(found, other)


def test_a_batch_without_labels_of_two_tasks_does_not_join_them():
    gradients = steps()
    gradients[:3, 2:] = 0  # no label of the last two tasks in the first batches
    found = captured(gradients, "tensor_train")
    later = captured(gradients[3:], "tensor_train")
    np.testing.assert_allclose(found[2:, 2:], later[2:, 2:], rtol=1e-12)
    nothing = captured(torch.zeros(2, 2, 6, 8), "tensor_train")
    assert not nothing.any()


@pytest.mark.parametrize("large", [torch.inf, torch.nan, 1e30], ids=str)
def test_members_whose_gradients_blew_up_do_not_disturb_others(large):
    gradients = torch.stack([steps(seed=0), steps(seed=1)], dim=1).float()
    gradients[3:, 0] = large
    found = captured(gradients, "tensor_train")
    expected = captured(gradients[:, 1], "tensor_train")
    np.testing.assert_allclose(found[1], expected, rtol=1e-5)


@pytest.mark.parametrize(
    "reshape", [None, (2, 3, 8), (2, 3, 2, 2, 2)], ids=["matrix", "three", "five"]
)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_directions_of_rounding_are_not_compared(dtype, reshape):
    """As where one label in the batch makes the gradient an outer product."""
    random = torch.Generator().manual_seed(0)
    left = torch.randn(5, 4, 6, 1, generator=random, dtype=dtype)
    gradients = left @ torch.randn(5, 4, 1, 8, generator=random, dtype=dtype)
    noise = torch.randn(gradients.shape, generator=random, dtype=dtype)
    eps = torch.finfo(dtype).eps
    found, other = (
        captured(own, "tensor_train", rank=3, reshape=reshape)
        for own in (gradients, gradients + 0.5 * eps * noise)
    )
    np.testing.assert_allclose(found, other, atol=100 * eps)


@pytest.mark.parametrize("representation", ["mean", "gram", "tensor_train"])
def test_members_are_captured_each_by_itself(representation):
    first, second = steps(seed=0), steps(seed=1)
    joint = captured(torch.stack([first, second], dim=1), representation)
    for member, own in enumerate((first, second)):
        expected = captured(own, representation)
        np.testing.assert_allclose(joint[member], expected, rtol=1e-10)


@pytest.mark.parametrize("representation", ["mean", "gram"])
def test_opposite_gradients_are_the_same_task(representation):
    gradients = steps()
    gradients[:, 1] = -2 * gradients[:, 0]
    assert captured(gradients, representation)[0, 1] == pytest.approx(1.0)


def test_of_many_tasks_sketches_tell_nearly_the_same():
    random = torch.Generator().manual_seed(0)
    centres = torch.randn(5, 32, 16, generator=random, dtype=torch.float64)
    groups = torch.arange(30) % 5
    noise = torch.randn(40, 30, 32, 16, generator=random, dtype=torch.float64)
    gradients = centres[groups] + noise
    exact = cosines(gradients.mean(0).flatten(1).numpy()) ** 2
    found = captured(gradients, "mean")
    assert not np.allclose(found, exact, atol=1e-6)  # sketches indeed
    np.testing.assert_allclose(found, exact, atol=0.1)


def test_points_keep_every_step():
    gradients = steps()
    points = SketchPoints()
    for own in gradients:
        points.add(own)
    found = points.points()
    assert found.shape[:2] == (6, 4)
    lengths = np.linalg.norm(found, axis=-1)
    assert (
        np.corrcoef(lengths.ravel(), gradients.flatten(2).norm(dim=-1).ravel())[0, 1]
        > 0.9
    )
