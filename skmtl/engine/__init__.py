"""How networks are trained: plans in, trained nets out.

The engine is the only part that names skorch. It trains one plan, or many plans as
members of one network; the results are those of separate fits.
"""

from ._batches import Batches
from ._building import wrap_network
from ._capacity import member_bytes, stack_capacity
from ._data import Batch, TaskTensors, as_tensor
from ._device import network_dtype, resolve_device, seeded
from ._layout import can_vectorise, stack_key
from ._net import MultiTaskNet
from ._settings import Plan, Settings
from ._stack import Trained, train, train_fits

__all__ = [
    "Batch",
    "Batches",
    "MultiTaskNet",
    "Plan",
    "Settings",
    "TaskTensors",
    "Trained",
    "as_tensor",
    "can_vectorise",
    "member_bytes",
    "network_dtype",
    "resolve_device",
    "seeded",
    "stack_capacity",
    "stack_key",
    "train",
    "train_fits",
    "wrap_network",
]
