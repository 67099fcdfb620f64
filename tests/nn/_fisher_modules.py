"""Modules of every kind, and how to make them ready for the slow computation."""

import torch
import torch.nn.functional as F
from torch import nn

from skmtl.nn import MLPEncoder

DOUBLE = torch.float64
N_ROWS = 7


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=DOUBLE, generator=generator)


def ready(module, seed=1):
    """Double precision, with other values than the initial ones."""
    module = module.double().eval()
    with torch.no_grad():
        for offset, value in enumerate(module.parameters()):
            value.copy_(0.5 * draw(*value.shape, seed=seed + offset))
        for name, value in module.named_buffers():
            if name.endswith("running_var"):
                value.copy_(1 + draw(*value.shape).square())
            elif value.is_floating_point():
                value.copy_(draw(*value.shape))
    return module


class Scaled(nn.Module):
    """A layer of one's own: parameters used twice around one of torch."""

    def __init__(self, width):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.inner = nn.Linear(width, width)

    def forward(self, x):
        return self.inner(x) * self.scale + self.scale.sin()


class Borrowing(nn.Module):
    """Reads the weight of a layer past that layer."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 4), nn.Linear(4, 5)

    def forward(self, x):
        narrow = torch.tanh(self.first(x))
        return self.second(narrow) + F.linear(narrow, self.first.weight.t())


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 5), nn.Linear(5, 5)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


class Overwriting(nn.Module):
    """Changes in place what a layer has read."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(5, 5), nn.Linear(5, 4)

    def forward(self, x):
        x = x.clone()
        read = self.first(x)
        x.mul_(2)
        return self.second(torch.tanh(read) + x)


class Branching(nn.Module):
    """Control flow that looks at the data, which no vectorisation allows."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 5))

    def forward(self, x):
        parts = [row * 2 if float(row.sum()) > 0 else row for row in x]
        return torch.stack(parts) @ self.weight.t()


class Shadowed(nn.Module):
    """A parameter called as one that the layer inside lacks."""

    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.ones(3))
        self.inner = nn.Linear(5, 3, bias=False)

    def forward(self, x):
        return self.inner(x) + self.bias.exp()


class Choosing(nn.Module):
    """Layers that not all batches reach."""

    def __init__(self):
        super().__init__()
        self.few, self.many = nn.Linear(5, 3), nn.Linear(5, 3)

    def forward(self, x):
        layer = self.few if len(x) < 4 else self.many
        return 0 * layer(x) + self.few(x) + self.many(x).sin()


class Turned(nn.Module):
    """Sequences with the batch in the second place."""

    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        steps = torch.tanh(self.inner(x.transpose(0, 1)))
        return self.last(steps.sum(0))


class Folded(nn.Module):
    """Positions folded into the batch."""

    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        steps = torch.tanh(self.inner(x.flatten(0, 1)))
        return self.last(steps.unflatten(0, x.shape[:2]).sum(1))


def twice():
    layer = nn.Linear(5, 5)
    return nn.Sequential(layer, nn.Tanh(), layer, nn.Tanh(), nn.Linear(5, 3))


def member_encoder():
    random = torch.Generator().manual_seed(0)
    return MLPEncoder(5, [6], 3, random, "tanh")


def picture_net(**options):
    return nn.Sequential(
        nn.Conv2d(4, 6, **options), nn.Tanh(), nn.Flatten(), nn.LazyLinear(3)
    )


def norms():
    return nn.Sequential(
        nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6), nn.ReLU(inplace=True),
        nn.GroupNorm(2, 6), nn.Flatten(), nn.Linear(6 * 4 * 5, 8), nn.BatchNorm1d(8),
        nn.PReLU(), nn.LayerNorm(8), nn.Linear(8, 3),
    )  # fmt: skip


def sequence():
    return nn.Sequential(
        nn.Linear(5, 4), nn.Tanh(), nn.Conv1d(6, 4, 2), nn.Flatten(), nn.Linear(12, 3)
    )


FLAT, PICTURE, SEQUENCE = (5,), (4, 6, 7), (6, 5)
# Name: module, shape of a row, parameters that need the whole network.
MODULES = {
    "linear": (lambda: nn.Linear(5, 3), FLAT, 0),
    "mlp": (
        lambda: nn.Sequential(nn.Linear(5, 6), nn.ReLU(inplace=True), nn.Linear(6, 3)),
        FLAT,
        0,
    ),
    "without bias": (lambda: nn.Linear(5, 3, bias=False), FLAT, 0),
    "members' layers": (member_encoder, FLAT, 0),
    "convolution": (lambda: picture_net(kernel_size=3), PICTURE, 0),
    "stride and padding": (
        lambda: picture_net(kernel_size=(3, 2), stride=(2, 3), padding=(1, 2)),
        PICTURE,
        0,
    ),
    "dilation and groups": (
        lambda: picture_net(kernel_size=3, dilation=(1, 2), groups=2, padding=1),
        PICTURE,
        0,
    ),
    "same padding": (
        lambda: picture_net(kernel_size=3, dilation=(2, 1), padding="same"),
        PICTURE,
        0,
    ),
    "valid padding": (lambda: picture_net(kernel_size=3, padding="valid"), PICTURE, 0),
    "circular padding": (
        lambda: picture_net(kernel_size=3, padding=1, padding_mode="circular"),
        PICTURE,
        0,
    ),
    "norms": (norms, PICTURE, 0),
    "sequence": (sequence, SEQUENCE, 0),
    "layer of one's own": (
        lambda: nn.Sequential(nn.Linear(5, 4), Scaled(4), nn.Linear(4, 3)),
        FLAT,
        1,
    ),
    "own layer at the root": (lambda: Scaled(5), FLAT, 1),
    "used twice": (twice, FLAT, 2),
    "borrowed weight": (Borrowing, FLAT, 2),
    "tied weights": (Tied, FLAT, 3),
    "control flow": (Branching, FLAT, 1),
    "shadowed name": (Shadowed, FLAT, 1),
    "other layers by size": (Choosing, FLAT, 4),
    "batch in second place": (Turned, SEQUENCE, 2),
    "batch folded": (Folded, SEQUENCE, 2),
}


def build(name):
    make, shape, _ = MODULES[name]
    module = make().double()
    x = draw(N_ROWS, *shape, seed=9)
    module(x)
    return ready(module), x
