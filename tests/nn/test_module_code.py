"""When one module may run with the weights of another, and when not."""

import copy
import threading
from collections import OrderedDict
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from skmtl.exceptions import InputError
from skmtl.nn import UserEncoder, module_code, stack_modules


class Holder(nn.Module):
    def __init__(self, held):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self._held = held

    def forward(self, x):
        return self.linear(x)


class Plain:
    def __init__(self, value):
        self.value = value

    def double(self):
        return 2 * self.value


def local_class(function):
    class Local(Holder):
        def forward(self, x):
            return function(super().forward(x))

    return Local(None)


def frozen(held):
    module = Holder(None)
    module.linear.weight.requires_grad_(held)
    return module


def hooked(function):
    module = Holder(None)
    module.linear.register_forward_hook(lambda own, x, y: function(y))
    return module


def cyclic(value):
    around = [value]
    around.append(around)
    return Holder(around)


# Each with two values under which modules of one seed differ in what they compute.
CASES = {
    "function": (Holder, torch.sin, torch.cos),
    "lambda": (lambda k: Holder(lambda x: k * x), 2, 3),
    "default": (lambda k: Holder(lambda x, k=k: k * x), 2, 3),
    "partial": (lambda k: Holder(partial(torch.add, alpha=k)), 2, 3),
    "method": (lambda k: Holder(Plain(k).double), 2, 3),
    "float": (Holder, 0.01, 5.0),
    "type": (Holder, 1, True),
    "nan": (Holder, float("nan"), 0.0),
    "list": (Holder, [0, 1], [1, 0]),
    "dict": (Holder, {"a": 1}, {"a": 2}),
    "subclass": (lambda k: Holder(OrderedDict(a=k)), 1, 2),
    "object": (lambda k: Holder(Plain(k)), 1, 2),
    "array": (lambda k: Holder(np.arange(3.0) * k), 1, 2),
    "tensor": (lambda k: Holder(torch.arange(3, dtype=torch.bfloat16) * k), 1, 2),
    "scalar": (lambda k: Holder(torch.tensor(k)), 1.0, 2.0),
    "hidden module": (lambda k: Holder([nn.ELU(k)]), 0.5, 0.7),
    "class": (local_class, torch.sin, torch.square),
    "frozen": (frozen, True, False),
    "hook": (hooked, torch.sin, torch.cos),
    "cycle": (cyclic, 1, 2),
}


@pytest.mark.parametrize("case", CASES)
def test_description_tells_what_is_computed(case):
    make, first, second = CASES[case]
    values, complete = module_code(make(first))
    assert complete
    assert module_code(make(first)) == (values, True)
    assert module_code(copy.deepcopy(make(first))) == (values, True)
    other, complete = module_code(make(second))
    assert complete and other != values
    assert hash(frozenset(other.items())) != hash(frozenset(values.items()))


def test_weights_are_no_part_of_it():
    assert module_code(nn.LSTM(2, 3)) == module_code(nn.LSTM(2, 3))
    assert module_code(nn.LSTM(2, 3)) != module_code(nn.LSTM(2, 4))


def test_a_weight_under_a_second_name_is_told_from_a_copy():
    tied, untied = Holder(None), Holder(None)
    tied._held, untied._held = [tied.linear.weight], [untied.linear.weight.detach()]
    assert module_code(tied) != module_code(untied)


def test_what_shows_no_state_is_told():
    values, complete = module_code(Holder(threading.Lock()))
    assert not complete
    assert module_code(Holder(threading.Lock())) == (values, False)
    sparse = torch.eye(2).to_sparse()
    assert not module_code(Holder(sparse))[1]


def test_networks_of_other_code_make_no_stack():
    encoders = [
        UserEncoder(Holder(held), (2,), torch.float32)
        for held in (torch.sin, torch.cos)
    ]
    with pytest.raises(InputError, match=r"agree in `module\._held`; found another"):
        stack_modules(encoders)
    assert stack_modules(encoders[:1] * 2)(torch.ones(3, 2)).shape == (2, 3, 2)
