"""Fisher information of encoders, task by task and member by member."""

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.exceptions import InputError
from skmtl.nn import (
    ConvEncoder,
    MemberLinear,
    MemberRandom,
    MLPEncoder,
    TaskHeads,
    build_encoder,
    stack_modules,
    task_fisher,
)
from skmtl.tasks import TaskSpec
from tests.nn._fisher_modules import DOUBLE, draw
from tests.nn._fisher_oracle import assert_same, slow_fisher

N_ROWS = 6
SPECS = [
    TaskSpec("colour", "multiclass", np.arange(3)),
    TaskSpec("ripe", "binary", np.arange(2)),
    TaskSpec("size", "continuous"),
]
N_OUTPUTS = [spec.n_outputs for spec in SPECS]
# Name: maker of an encoder from a generator, shape of a row.
ENCODERS = {
    "mlp": (
        lambda random: MLPEncoder(5, [6, 4], 3, random, "tanh", 0.5, DOUBLE),
        (5,),
    ),
    "hidden only": (
        lambda random: MLPEncoder(5, [6], None, random, dtype=DOUBLE),
        (5,),
    ),
    "conv": (
        lambda random: ConvEncoder((4, 5), [6], 3, random, (2, 3), dtype=DOUBLE),
        (4, 5),
    ),
    "conv with channels": (
        lambda random: ConvEncoder((2, 4, 5), [], 3, random, (2, 3), dtype=DOUBLE),
        (2, 4, 5),
    ),
    "user": (
        lambda random: build_encoder(
            lambda shape: user_module(random),
            (2, 4, 5),
            hidden_layer_sizes=[],
            latent_dim=3,
            generator=random,
            dtype=DOUBLE,
        ),
        (2, 4, 5),
    ),
}


def user_module(random):
    module = nn.Sequential(
        nn.Conv2d(2, 3, 2),
        nn.GroupNorm(1, 3),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(36, 4),
    )
    with torch.no_grad():
        for value in module.parameters():
            value.uniform_(-0.5, 0.5, generator=random)
    return module


def build(name, seed=0):
    random = torch.Generator().manual_seed(seed)
    make, shape = ENCODERS[name]
    encoder = make(random)
    heads = TaskHeads(encoder.out_features, N_OUTPUTS, random, DOUBLE)
    return encoder, heads, draw(N_ROWS, *shape, seed=seed)


def labels(seed=0):
    random = np.random.RandomState(seed)
    columns = [random.randint(3, size=N_ROWS), random.randint(2, size=N_ROWS)]
    codes = np.column_stack([*columns, random.normal(size=N_ROWS)])
    weight = random.randint(3, size=(N_ROWS, 3)) / 2.0
    return torch.from_numpy(codes), torch.from_numpy(weight)


def slow(encoder, heads, x, kind, codes, weight, parameters=None):
    """Each task by itself, each row by itself."""
    own = dict(encoder.named_parameters())
    found = []
    for task, spec in enumerate(SPECS):
        if parameters is not None:
            own = {
                name: value[task].requires_grad_() for name, value in parameters.items()
            }

        def outputs(row, task=task, spec=spec, own=own):
            z = torch.func.functional_call(encoder, own, (row,))
            return heads(z)[task, :, : spec.n_outputs]

        y = codes[:, task].long() if spec.kind == "multiclass" else codes[:, task, None]
        found.append(slow_fisher(outputs, own, x, spec.kind, kind, y, weight[:, task]))
    return {name: torch.stack([one[name] for one in found]) for name in found[0]}


@pytest.mark.parametrize("kind", ["exact", "predicted", "label"])
@pytest.mark.parametrize("name", ENCODERS)
def test_every_encoder(name, kind):
    encoder, heads, x = build(name)
    encoder.train()
    codes, weight = labels()
    options = {"kind": kind, "codes": codes, "row_axes": x.dim() - 1}
    found = task_fisher(encoder, heads, x, SPECS, weight=weight, **options)
    assert encoder.training
    encoder.eval()
    assert_same(found, slow(encoder, heads, x, kind, codes, weight))
    plain = task_fisher(encoder, heads, x, SPECS, **options)
    assert_same(plain, slow(encoder, heads, x, kind, codes, torch.ones(N_ROWS, 3)))


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind", ["exact", "predicted", "label", "sampled", "batch"])
@pytest.mark.parametrize("name", ENCODERS)
def test_members_are_computed_as_if_alone(name, kind, shared):
    alone = [build(name, seed) for seed in range(3)]
    encoder = stack_modules([one for one, _, _ in alone])
    heads = stack_modules([one for _, one, _ in alone])
    x = alone[0][2] if shared else torch.stack([one for _, _, one in alone])
    row_axes = alone[0][2].dim() - 1
    both = [labels(0 if shared else seed) for seed in range(3)]
    codes, weight = (torch.stack(own) for own in zip(*both, strict=True))
    if shared:
        codes, weight = codes[0], weight[0]
    options = {"kind": kind, "row_axes": row_axes}
    for megabytes in (32, 0.002):
        found = task_fisher(
            encoder, heads, x, SPECS, codes=codes, weight=weight, megabytes=megabytes,
            random=MemberRandom([7, 8, 9]), **options,
        )  # fmt: skip
        for member, (own, own_heads, own_x) in enumerate(alone):
            expected = task_fisher(
                own, own_heads, x if shared else own_x, SPECS,
                codes=both[member][0], weight=both[member][1],
                random=MemberRandom(7 + member), **options,
            )  # fmt: skip
            assert_same({key: own[member] for key, own in found.items()}, expected)


@pytest.mark.parametrize("kind", ["exact", "predicted", "label", "batch"])
@pytest.mark.parametrize("name", ENCODERS)
def test_a_pass_for_each_task(name, kind):
    encoder, heads, x = build(name)
    codes, weight = labels()
    # Any values will do, those of masked networks among them.
    parameters = {
        key: torch.stack([value.detach() * scale for scale in (1.0, 0.5, -1.0)])
        for key, value in encoder.named_parameters()
    }
    options = {"kind": kind, "codes": codes, "weight": weight, "row_axes": x.dim() - 1}
    # Layers of the package share rows along axes of length one too.
    for rows in (x,) if name == "user" else (x, x.unsqueeze(0)):
        found = task_fisher(
            encoder, heads, rows, SPECS, parameters=parameters, per_task=True, **options
        )
        for task in range(3):
            own = {key: value[task] for key, value in parameters.items()}
            expected = task_fisher(encoder, heads, x, SPECS, parameters=own, **options)
            assert_same(
                {key: value[task] for key, value in found.items()},
                {key: value[task] for key, value in expected.items()},
            )
    if kind != "batch":
        encoder.eval()
        assert_same(found, slow(encoder, heads, x, kind, codes, weight, parameters))


def test_members_with_a_pass_for_each_task():
    alone = [build("mlp", seed) for seed in range(2)]
    encoder = stack_modules([one for one, _, _ in alone])
    heads = stack_modules([one for _, one, _ in alone])
    x = alone[0][2]
    parameters = {
        key: torch.stack([value.detach() * scale for scale in (1.0, 0.5, 2.0)], 1)
        for key, value in encoder.named_parameters()
    }
    options = {"kind": "exact", "per_task": True}
    found = task_fisher(encoder, heads, x, SPECS, parameters=parameters, **options)
    for member, (own, own_heads, _) in enumerate(alone):
        values = {key: value[member] for key, value in parameters.items()}
        expected = task_fisher(own, own_heads, x, SPECS, parameters=values, **options)
        assert_same({key: value[member] for key, value in found.items()}, expected)


@pytest.mark.parametrize("kind", ["exact", "predicted", "label", "batch"])
def test_a_task_without_rows_has_none(kind):
    encoder, heads, x = build("mlp")
    codes, weight = labels()
    options = {"kind": kind, "codes": codes}
    before = task_fisher(encoder, heads, x, SPECS, weight=weight, **options)
    weight[:, 1] = 0
    after = task_fisher(encoder, heads, x, SPECS, weight=weight, **options)
    for name, value in after.items():
        assert not value[1].any()
        assert torch.equal(value[[0, 2]], before[name][[0, 2]])


def test_batch_squares_the_gradient_of_the_loss():
    encoder, heads, x = build("mlp")
    codes, weight = labels()
    found = task_fisher(
        encoder, heads, x, SPECS, kind="batch", codes=codes, weight=weight
    )
    outputs = heads(encoder(x))
    losses = [
        nn.functional.cross_entropy(outputs[0], codes[:, 0].long(), reduction="none"),
        nn.functional.binary_cross_entropy_with_logits(
            outputs[1, :, 0], codes[:, 1], reduction="none"
        ),
        (outputs[2, :, 0] - codes[:, 2]).square() / 2,
    ]
    for task, own in enumerate(losses):
        loss = (own * weight[:, task]).sum() / weight[:, task].sum()
        gradients = torch.autograd.grad(
            loss, list(encoder.parameters()), retain_graph=True
        )
        for value, gradient in zip(found.values(), gradients, strict=True):
            torch.testing.assert_close(value[task], gradient.square())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "true"}, "`kind` must be one of"),
        ({"kind": "label"}, "needs `codes`; found None"),
        ({"kind": "batch"}, "needs `codes`; found None"),
        ({"kind": "sampled"}, "needs `random`; found None"),
        ({"specs": [TaskSpec("taste", "ranking")]}, "'taste' is of kind 'ranking'"),
    ],
)
def test_what_is_refused(change, words):
    encoder, heads, x = build("mlp")
    with pytest.raises(InputError, match=words):
        task_fisher(encoder, heads, x, **{"specs": SPECS, **change})


def test_only_some_parameters():
    alone = [build("conv", seed) for seed in range(2)]
    stacked = [stack_modules(list(own)) for own in list(zip(*alone, strict=True))[:2]]
    for encoder, heads in (alone[0][:2], stacked):
        for kind in ("predicted", "batch"):
            options = {"kind": kind, "codes": labels()[0], "row_axes": 2}
            found = task_fisher(encoder, heads, alone[0][2], SPECS, **options)
            names = ["convolutions.1.weight", "dense.hidden.0.bias"]
            few = task_fisher(
                encoder, heads, alone[0][2], SPECS, names=names, **options
            )
            assert_same(few, {name: found[name] for name in names})


class Normed(MLPEncoder):
    """Parameters in a layer that knows no members."""

    def __init__(self, random):
        super().__init__(5, [4], None, random, dtype=DOUBLE)
        self.norm = nn.LayerNorm(4, dtype=DOUBLE)


def test_unknown_layers_with_members_are_refused():
    random = torch.Generator().manual_seed(0)
    encoder = stack_modules([Normed(random), Normed(random)])
    heads = stack_modules([TaskHeads(4, N_OUTPUTS, random, DOUBLE) for _ in range(2)])
    with pytest.raises(InputError, match=r"norm\.weight"):
        task_fisher(encoder, heads, draw(N_ROWS, 5), SPECS)
    names = ["hidden.0.weight"]
    found = task_fisher(encoder, heads, draw(N_ROWS, 5), SPECS, names=names)
    assert list(found) == names


def test_layers_with_members_run_once():
    random = torch.Generator().manual_seed(0)
    layer = stack_modules([MemberLinear(5, 5, random, dtype=DOUBLE) for _ in range(2)])
    heads = stack_modules([TaskHeads(5, N_OUTPUTS, random, DOUBLE) for _ in range(2)])
    with pytest.raises(InputError, match="found 2 runs of MemberLinear"):
        task_fisher(nn.Sequential(layer, layer), heads, draw(N_ROWS, 5), SPECS)
