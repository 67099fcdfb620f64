"""Encoders against plain torch, and members of a stack against each alone."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

from skmtl.exceptions import InputError
from skmtl.nn import (
    ACTIVATIONS,
    ConvEncoder,
    MemberRandom,
    MLPEncoder,
    UserEncoder,
    build_encoder,
    stack_modules,
)

DOUBLE = torch.float64


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def make(kind, seed, **options):
    settings = {
        "hidden_layer_sizes": (6,),
        "latent_dim": 4,
        "generator": seeded(seed),
        "dtype": DOUBLE,
        **options,
    }
    shape = {"conv": (2, 8, 9), "flat conv": (8, 8)}.get(kind, (5,))
    encoder = kind
    if kind == "flat conv":
        encoder = "conv"
    if kind == "user":
        torch.manual_seed(seed)
        encoder = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3))
    if kind == "no parameters":
        encoder = nn.Flatten()
    return build_encoder(encoder, shape, **settings), shape


@pytest.mark.parametrize("kind", ["mlp", "conv", "flat conv", "user", "no parameters"])
@pytest.mark.parametrize("latent_dim", [None, 4])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_stack_equals_members(kind, latent_dim, shared, dropout):
    with torch.random.fork_rng():
        parts = [
            make(kind, seed, latent_dim=latent_dim, dropout=dropout)
            for seed in range(3)
        ]
    encoders, shape = [encoder for encoder, _ in parts], parts[0][1]
    x = torch.randn(3, 7, *shape, dtype=DOUBLE, generator=seeded())
    random = MemberRandom([5, 6, 7])
    joint = stack_modules(encoders)(x[0] if shared else x, random)
    for member, encoder in enumerate(encoders):
        own = x[0] if shared else x[member]
        alone = encoder(own, MemberRandom(5 + member))
        assert alone.shape == (7, encoder.out_features)
        # Without parameters all members make the same of shared rows.
        found = joint if joint.dim() == 2 else joint[member]
        assert_close(found, alone)


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_dropout_acts_in_training_only(kind):
    encoder, shape = make(kind, 0, dropout=0.5)
    x = torch.randn(7, *shape, dtype=DOUBLE, generator=seeded())
    assert torch.equal(encoder(x), encoder(x))
    assert not torch.equal(encoder(x), encoder(x, MemberRandom(0)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_mlp_equals_plain_torch(activation):
    encoder = MLPEncoder(5, (6, 3), 4, seeded(), activation, dtype=DOUBLE)
    x = torch.randn(7, 5, dtype=DOUBLE, generator=seeded())
    plain = {
        "relu": F.relu,
        "tanh": F.tanh,
        "gelu": F.gelu,
        "silu": F.silu,
        "identity": lambda h: h,
    }[activation]
    first, second = encoder.hidden
    hidden = plain(F.linear(x, first.weight, first.bias))
    hidden = plain(F.linear(hidden, second.weight, second.bias))
    expected = F.linear(hidden, encoder.latent.weight, encoder.latent.bias)
    assert_close(encoder(x), expected)
    assert encoder.out_features == 4
    assert MLPEncoder(5, (6, 3), None, seeded()).out_features == 3
    assert MLPEncoder(5, (), None, seeded()).out_features == 5


@pytest.mark.parametrize("shape", [(9, 8), (1, 9, 8), (3, 13, 8)])
def test_convolutions_equal_plain_torch(shape):
    encoder = ConvEncoder(shape, (6,), 4, seeded(), channels=(2, 3), dtype=DOUBLE)
    x = torch.randn(7, *shape, dtype=DOUBLE, generator=seeded())
    hidden = x if len(shape) == 3 else x[:, None]
    for layer in encoder.convolutions:
        hidden = F.conv2d(hidden, layer.weight, layer.bias, padding=1)
        hidden = F.max_pool2d(F.relu(hidden), 2)
    assert_close(encoder(x), encoder.dense(hidden.flatten(1)))
    assert encoder(x).shape == (7, 4)


def test_small_pictures_are_refused():
    message = r"at least 4 x 4 pixels, since .* halves .*; found .* 3 x 9"
    with pytest.raises(InputError, match=message):
        build_encoder(
            "conv", (3, 9), hidden_layer_sizes=(), latent_dim=2, generator=seeded()
        )


# ---- a user's module


def test_module_is_copied_with_its_weights():
    module = nn.Linear(5, 3)
    encoder, _ = make(module, 0, latent_dim=None)
    x = torch.randn(4, 5, dtype=DOUBLE)
    assert_close(encoder(x), F.linear(x, module.weight.double(), module.bias.double()))
    assert module.weight.dtype == torch.float32
    with torch.no_grad():
        module.weight.zero_()
    assert encoder(x).std() > 0.1


@pytest.mark.parametrize(("latent_dim", "width"), [(None, 3), (3, 3), (4, 4)])
def test_module_gets_an_affine_layer_for_another_width(latent_dim, width):
    encoder, _ = make(nn.Linear(5, 3), 0, latent_dim=latent_dim)
    assert encoder.out_features == width
    assert isinstance(encoder, UserEncoder) == (width == 3)
    assert encoder(torch.zeros(2, 5, dtype=DOUBLE)).shape == (2, width)


@pytest.mark.parametrize(("shape", "told"), [((5,), 5), ((2, 8, 8), (2, 8, 8))])
def test_callable_hears_the_shape_of_a_row(shape, told):
    heard = []

    def factory(found):
        heard.append(found)
        return nn.Sequential(nn.Flatten(), nn.LazyLinear(3))

    with torch.random.fork_rng():
        build_encoder(
            factory, shape, hidden_layer_sizes=(), latent_dim=None, generator=seeded()
        )
    assert heard == [told]


class Broken(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output = output

    def forward(self, x):
        return self.output(x)


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (lambda x: x[:, :, None], r"found \(2, 5, 1\)\. Flatten its output"),
        (lambda x: x[:1], r"found \(1, 5\)"),
        (lambda x: (x, x), "found <class 'tuple'>"),
        (lambda x: x @ x, "it failed on such a batch"),
        (lambda x: x[7], "it failed on such a batch"),
    ],
)
def test_module_must_make_rows_of_features(output, message):
    with pytest.raises(InputError, match=message):
        make(Broken(output), 0)


def test_callable_must_make_a_module():
    with pytest.raises(InputError, match=r"must return a torch\.nn\.Module; found int"):
        make(lambda n_features: n_features, 0)


def test_what_a_callable_returns_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3))
    encoders = [make(lambda n_features: module, 0)[0] for _ in range(2)]
    owned = [{id(own) for own in encoder.parameters()} for encoder in encoders]
    assert not owned[0] & owned[1]
    assert module[0].weight.dtype == torch.float32
    assert not {id(own) for own in module.parameters()} & (owned[0] | owned[1])
    assert_close(encoders[0].body.module[0].weight, module[0].weight.double())


def test_a_callable_may_return_what_torch_cannot_copy():
    def build(n_features):
        module = nn.Linear(n_features, 3)
        module.derived = 2 * module.weight  # no leaf
        return module

    assert make(build, 0)[0].out_features == 4


def test_probe_leaves_no_trace():
    module = nn.Sequential(nn.Linear(5, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    before = torch.get_rng_state()
    encoder, _ = make(module, 0, latent_dim=None)
    assert not encoder.can_stack()
    assert torch.equal(torch.get_rng_state(), before)
    assert encoder.module.training
    assert int(encoder.module[1].num_batches_tracked) == 0
    assert not encoder.module[1].running_mean.any()


def test_what_can_be_vectorised():
    assert make(nn.Linear(5, 3), 0)[0].body.can_stack()
    assert make(nn.Flatten(), 0)[0].body.can_stack()
    assert not make(nn.Sequential(nn.Linear(5, 3), nn.Dropout()), 0)[0].body.can_stack()
    tied = nn.Sequential(nn.Linear(5, 5), nn.Linear(5, 5))
    tied[1].weight = tied[0].weight
    assert not make(tied, 0)[0].body.can_stack()


@pytest.mark.parametrize("encoder", [nn.Linear(5, 4), lambda n: nn.Linear(n, 4)])
def test_a_user_encoder_gets_no_norms(encoder):
    with pytest.raises(InputError, match="`batch_norm` must be False where `encoder`"):
        make_user = {"hidden_layer_sizes": (), "latent_dim": None, "n_normed": 2}
        build_encoder(encoder, (5,), generator=seeded(), **make_user)


@pytest.mark.parametrize("kind", ["mlp", "conv"])
def test_norms_leave_the_initial_weights_as_they_were(kind):
    plain, shape = make(kind, 0)
    normed, _ = make(kind, 0, n_normed=3)
    state = normed.state_dict()
    for name, value in plain.state_dict().items():
        if name.endswith("weight"):
            assert torch.equal(state[name], value)
    x = torch.randn(7, *shape, dtype=DOUBLE, generator=seeded())
    assert normed(x).shape == (3, *plain(x).shape)
