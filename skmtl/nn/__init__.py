"""Networks under the leading-axes convention.

Every tensor ends in ``(..., batch, features)``; leading axes are independent
members. A layer written for one network trains many, unchanged.

>>> import torch
>>> from skmtl.nn import MemberLinear, stack_modules
>>> layers = [MemberLinear(3, 2, torch.Generator().manual_seed(i)) for i in range(5)]
>>> stack_modules(layers)(torch.zeros(4, 3)).shape
torch.Size([5, 4, 2])
"""

from ._build_encoder import build_encoder
from ._direct import DirectPass
from ._encoders import ACTIVATIONS, ConvEncoder, MLPEncoder
from ._fisher import fisher_information
from ._heads import TaskHeads, rows_of_tasks
from ._layers import (
    Dropout,
    MemberConv2d,
    MemberLinear,
    member_linear,
    weight_gradient,
)
from ._likelihood import likelihood_gradients
from ._module_code import module_code
from ._network import MultiTaskNetwork
from ._random import CommonRandom, MemberRandom
from ._stacking import (
    member_tensors,
    shared_values,
    stack_modules,
    unstack_module,
)
from ._task_fisher import task_fisher
from ._task_network import TaskNetwork
from ._task_norm import TaskNorm
from ._user_encoder import UserEncoder

__all__ = [
    "ACTIVATIONS",
    "CommonRandom",
    "ConvEncoder",
    "DirectPass",
    "Dropout",
    "MLPEncoder",
    "MemberConv2d",
    "MemberLinear",
    "MemberRandom",
    "MultiTaskNetwork",
    "TaskHeads",
    "TaskNetwork",
    "TaskNorm",
    "UserEncoder",
    "build_encoder",
    "fisher_information",
    "likelihood_gradients",
    "member_linear",
    "member_tensors",
    "module_code",
    "rows_of_tasks",
    "shared_values",
    "stack_modules",
    "task_fisher",
    "unstack_module",
    "weight_gradient",
]
