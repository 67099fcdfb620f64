"""Random numbers: every member's are its own."""

import pytest
import torch

from skmtl.nn import MemberRandom

SEEDS = [3, 8, 3]


@pytest.mark.parametrize("law", ["normal", "uniform"])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (40, 7, 5)])
def test_member_draws_as_if_alone(law, shape):
    joint = MemberRandom(SEEDS)
    alone = [MemberRandom(seed) for seed in SEEDS]
    for _ in range(3):
        draws = getattr(joint, law)(shape, torch.float64)
        assert draws.shape == (3, *shape)
        assert draws.dtype == torch.float64
        for member, own in enumerate(alone):
            assert torch.equal(draws[member], getattr(own, law)(shape, torch.float64))
        assert torch.equal(draws[0], draws[2])
        assert not torch.equal(draws[0], draws[1])


def test_laws():
    random = MemberRandom(0)
    normal = random.normal((100_000,), torch.float32)
    uniform = random.uniform((100_000,), torch.float32)
    assert abs(normal.mean()) < 0.02 and abs(normal.std() - 1) < 0.02
    assert abs((normal**4).mean() - 3) < 0.2
    assert uniform.min() >= 0 and uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01 and abs(uniform.var() - 1 / 12) < 0.01


def test_type_changes_no_draw():
    single, double = (MemberRandom(4) for _ in range(2))
    found = single.normal((9,), torch.float32), double.normal((9,), torch.float64)
    assert torch.equal(*(own.double() for own in found))


def test_members_shape():
    assert MemberRandom(0).members == ()
    assert MemberRandom([0]).members == (1,)
    assert MemberRandom([0, 1]).normal((2,), torch.float32).shape == (2, 2)


def test_global_generator_is_left_alone():
    before = torch.get_rng_state()
    MemberRandom([0, 1]).normal((9,), torch.float32)
    MemberRandom(2).uniform((9,), torch.float32)
    assert torch.equal(torch.get_rng_state(), before)
