"""What the Fisher information leaves alone, and what it refuses."""

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.exceptions import InputError
from skmtl.nn import fisher_information
from tests.nn._fisher_modules import N_ROWS, build, draw


def state_of(module):
    return (
        {name: value.clone() for name, value in module.state_dict().items()},
        [part.training for part in module.modules()],
        [
            len(part._forward_hooks) + len(part._forward_pre_hooks)
            for part in module.modules()
        ],
        [id(value) for value in module.parameters()],
        [value.requires_grad for value in module.parameters()],
        [
            None if value.grad is None else value.grad.clone()
            for value in module.parameters()
        ],
    )


def assert_unchanged(module, before):
    now = state_of(module)
    assert now[1:5] == before[1:5]
    torch.testing.assert_close(now[0], before[0], rtol=0, atol=0)
    for one, other in zip(now[5], before[5], strict=True):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)


class Counting(nn.Module):
    """Counts its rows in a buffer, and fails after a while."""

    def __init__(self, most):
        super().__init__()
        self.register_buffer("count", torch.zeros(()))
        self.most = most

    def forward(self, x):
        self.count += len(x)
        if self.count > self.most:
            raise ArithmeticError("enough")
        return x


@pytest.mark.parametrize("kind", ["exact", "batch"])
def test_the_module_stays_as_it_is(kind):
    layer = nn.Linear(5, 5)
    module = nn.Sequential(
        layer, nn.BatchNorm1d(5), nn.Dropout(0.5), layer, Counting(1000)
    ).double()
    module[1].eval()
    module[0].bias.requires_grad_(False)
    module[0].weight.grad = torch.ones_like(module[0].weight)
    x, y = draw(N_ROWS, 5), torch.zeros(N_ROWS)
    before = state_of(module)
    with torch.no_grad():
        found = fisher_information(module, x, y, kind=kind)
        assert not torch.is_grad_enabled()
    assert_unchanged(module, before)
    assert all(not value.requires_grad for value in found.values())
    assert found["0.bias"].any()
    module[4].most = 6
    for megabytes in (32, 0.001):
        with pytest.raises(ArithmeticError):
            fisher_information(module, x, y, kind=kind, megabytes=megabytes)
        assert_unchanged(module, before)


def test_a_parameter_that_is_not_read_has_none():
    module = nn.Sequential(nn.Linear(5, 3), nn.Tanh()).double()
    module.register_parameter("spare", nn.Parameter(torch.ones(2)))
    found = fisher_information(module, draw(4, 5))
    assert found["spare"].tolist() == [0, 0]
    assert found["0.weight"].any()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "true"}, "`kind` must be one of"),
        ({"reduction": "none"}, "`reduction` must be one of"),
        ({"likelihood": "poisson"}, "`likelihood` must be one of"),
        ({"kind": "label"}, "needs labels `y`; found None"),
        ({"kind": "batch"}, "needs labels `y`; found None"),
        ({"kind": "label", "y": torch.zeros(3)}, "7 rows and 1 column"),
        ({"kind": "label", "y": torch.full((7,), 3)}, "class codes 0 to 2"),
        ({"sigma": -1.0}, "`sigma` must be positive"),
        ({"sigma": 1.0, "likelihood": "binary"}, "Leave one of them out"),
        ({"sample_weight": torch.ones(3)}, "must hold 7 numbers"),
        ({"sample_weight": -torch.ones(7)}, "zero or larger"),
    ],
)
def test_what_is_refused(options, words):
    module, x = build("mlp")
    with pytest.raises(InputError, match=words):
        fisher_information(module, x, **options)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (nn.Identity(), "must map .* to outputs"),
        (nn.BatchNorm1d(5, track_running_stats=False), "apart from each other"),
    ],
    ids=["pictures", "batch statistics"],
)
def test_modules_that_are_refused(module, words):
    x = draw(N_ROWS, 5) if isinstance(module, nn.BatchNorm1d) else draw(N_ROWS, 5, 2)
    with pytest.raises(InputError, match=words):
        fisher_information(module.double(), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["exact", "label", "batch"])
def test_arrays_are_as_good_as_tensors(kind, dtype):
    module, x = build("mlp")
    y = torch.arange(N_ROWS) % 3
    weight = torch.arange(1, N_ROWS + 1)
    expected = fisher_information(module, x, y, kind=kind, sample_weight=weight)
    rows = x.numpy().astype(dtype)
    for labels in (y.numpy(), y.tolist(), y.numpy().astype(object)):
        found = fisher_information(
            module, rows, labels, kind=kind, sample_weight=weight.numpy()
        )
        tolerance = 1e-5 if dtype == np.float32 else 1e-12
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    as_list = fisher_information(module, rows.tolist(), y.tolist(), kind="label")
    assert as_list.keys() == expected.keys()


def test_whole_numbers_stay_whole():
    module = nn.Sequential(nn.Embedding(4, 3), nn.Flatten(), nn.Linear(6, 2))
    found = fisher_information(module, np.array([[0, 1], [1, 2]]))
    assert found["0.weight"][:3].any()
    assert not found["0.weight"][3].any()


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ([["a"] * 5] * 7, None, "`x` must hold numbers; found list of <U1"),
        (None, ["a"] * 7, "`y` must hold numbers; found list of <U1"),
        (None, np.array(["a", None] * 3 + [1], dtype=object), "`y` must hold numbers"),
        (3.0, None, "at least one row"),
    ],
)
def test_what_holds_no_numbers(x, y, words):
    module, rows = build("mlp")
    with pytest.raises(InputError, match=words):
        fisher_information(module, rows if x is None else x, y, kind="label")


def test_no_rows():
    with pytest.raises(InputError, match="at least one row"):
        fisher_information(nn.Linear(5, 3), torch.zeros(0, 5))


class Shifted(nn.Module):
    """A layer of one's own that takes more than tensors."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(5))

    def forward(self, x, shift, name):
        return x * self.weight + (0.0 if shift is None else shift)


class Outer(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.inner = nn.Linear(5, 5), Shifted()

    def forward(self, x):
        return self.inner(self.first(x), None, "a")


def test_layers_may_take_more_than_tensors():
    module = Outer().double()
    plain = nn.Sequential(module.first, nn.Linear(5, 5, bias=False).double())
    with torch.no_grad():
        plain[1].weight.copy_(torch.diag(module.inner.weight))
    x = draw(N_ROWS, 5)
    found, expected = (
        fisher_information(own, x, kind="exact") for own in (module, plain)
    )
    torch.testing.assert_close(found["first.weight"], expected["0.weight"])
    weight = expected["1.weight"].diagonal()
    torch.testing.assert_close(found["inner.weight"], weight)


@pytest.mark.parametrize("what", [abs, [1.0], nn.Linear], ids=["call", "list", "class"])
def test_what_is_no_module_is_told(what):
    with pytest.raises(InputError, match=r"`module` must be a torch Module.*found a"):
        fisher_information(what, torch.ones(3, 2))
