"""Fisher information on an accelerator is that of the CPU."""

import pytest

from skmtl.nn import fisher_information, task_fisher
from tests.nn import _fisher_modules as modules
from tests.nn import test_task_fisher as tasks
from tests.nn._fisher_oracle import assert_same

pytestmark = [
    pytest.mark.gpu,
    # torch makes the context that it misses, and says so once.
    pytest.mark.filterwarnings("ignore:Attempting to run cuBLAS"),
]


@pytest.mark.parametrize("kind", ["exact", "predicted"])
@pytest.mark.parametrize("name", modules.MODULES)
def test_every_module(name, kind):
    module, x = modules.build(name)
    expected = fisher_information(module, x, kind=kind)
    found = fisher_information(module.cuda(), x.cuda(), kind=kind)
    assert {own.device.type for own in found.values()} == {"cuda"}
    assert_same({name: own.cpu() for name, own in found.items()}, expected)


@pytest.mark.parametrize("kind", ["exact", "predicted", "label", "batch"])
@pytest.mark.parametrize("name", tasks.ENCODERS)
def test_every_encoder(name, kind):
    encoder, heads, x = tasks.build(name)
    encoder.eval()
    codes, weight = tasks.labels()

    def computed(device):
        own, own_heads, own_x = (part.to(device) for part in (encoder, heads, x))
        return task_fisher(
            own, own_heads, own_x, tasks.SPECS, kind=kind, row_axes=x.dim() - 1,
            codes=codes.to(device), weight=weight.to(device),
        )  # fmt: skip

    expected, found = computed("cpu"), computed("cuda")
    assert {own.device.type for own in found.values()} == {"cuda"}
    assert_same({name: own.cpu() for name, own in found.items()}, expected)
