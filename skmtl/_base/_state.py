"""From a fitted estimator to plain values, and back."""

import copy
from dataclasses import fields

import torch
from sklearn.utils.validation import check_is_fitted

from ..engine import Settings, resolve_device
from ..exceptions import InputError, PersistenceError
from ..persistence import save
from ..persistence._state import State, damaged, register
from ..tasks import TargetEncoder
from ._rebuild import make_net, read_settings, rebuild

__all__ = ["StorableMixin"]

_REQUIRED = {
    "_targets": TargetEncoder,
    "_input_shape": tuple,
    "n_features_in_": int,
    "n_tasks_": int,
}
_PROBE_ROWS = 4
# What scikit-learn's callbacks leave behind after a fit.
_CALLBACK_TRACES = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


class StorableMixin:
    """Saves an estimator to a file that runs no code when it is read."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = cls.__module__.partition(".")[0] == __name__.partition(".")[0]
        if own and "_parameter_table" in vars(cls):
            register(cls)

    def save(self, path):
        """Save the fitted estimator to a file that runs no code when it is read.

        Read it with :func:`skmtl.load`. The state of the optimiser is not kept:
        :meth:`partial_fit` after loading starts with a fresh one. Neither are steps of
        a pipeline before this estimator, such as a scaler.

        Parameters
        ----------
        path : str or path-like
            The file; an existing one is replaced in one step, or kept if saving
            fails.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        PersistenceError
            If the estimator holds what such a file cannot keep: a user's encoder,
            optimizer, callbacks or clusterer, a RandomState, or a class of the
            user's. The message names it; use joblib.dump or pickle there.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> import skmtl
        >>> from skmtl.datasets import load_grouped_digits
        >>> X, y = load_grouped_digits(return_X_y=True)
        >>> est = skmtl.HardSharingClassifier(max_epochs=2, random_state=0).fit(X, y)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "digits.skmtl"
        ...     est.save(path)
        ...     same = skmtl.load(path)
        >>> bool((same.predict(X) == est.predict(X)).all())
        True
        """
        save(self, path)

    def _to_state(self):
        check_is_fitted(self, "net_")
        self._validate_params()
        parameters = self.get_params(deep=False)
        _refuse_user_code(self)
        attributes = {
            name: value
            for name, value in vars(self).items()
            if name not in parameters and name not in ("net_", *_CALLBACK_TRACES)
        }
        state = State(
            parameters=parameters,
            attributes=attributes,
            net=_net_values(self),
            network=_weights(self.net_.module_),
        )
        _check_same_network(self, state)
        return state

    @classmethod
    def _from_state(cls, state, what):
        with damaged(what):
            estimator = _unfitted(cls, state.parameters)
            _set_attributes(estimator, state.attributes)
        device = _find_device(estimator, what)
        with damaged(what):
            settings = read_settings(state.net["settings"], device)
            network = rebuild(estimator, state, settings.dtype)
            estimator.net_ = make_net(estimator, network, state.net, settings)
        return estimator


def _refuse_user_code(estimator):
    """Name the parameters that hold code before their insides are looked at."""
    if getattr(estimator, "_skl_callbacks", None):
        raise PersistenceError(
            "Callbacks set by `set_callbacks` cannot be kept in a file that runs no "
            "code when it is read. Remove them with set_callbacks(), or keep the "
            "estimator with joblib.dump or pickle."
        )
    if not isinstance(estimator.encoder, str):
        kind = type(estimator.encoder).__qualname__
        raise PersistenceError(
            f"`encoder` is a user's {kind}, whose code a file that runs no code when "
            "it is read cannot keep. Keep the estimator with joblib.dump or pickle "
            "(and load such files from trusted sources only), or use 'mlp' or 'conv'."
        )


def _net_values(estimator):
    """Plain values of the net beside its network."""
    net = estimator.net_
    settings = {
        field.name: getattr(net.settings, field.name)
        for field in fields(Settings)
        if field.name != "device"
    }
    settings["dtype"] = str(net.settings.dtype).removeprefix("torch.")
    weight = net.task_weight
    return {
        "settings": settings,
        "task_weight": None if weight is None else weight.cpu().numpy(),
        "row_shape": estimator._input_shape,
        "history": net.history.to_list(),
    }


def _weights(module):
    weights = module.state_dict()
    for name, value in weights.items():
        if not isinstance(value, torch.Tensor):
            raise PersistenceError(
                f"The network keeps {name!r}, a {type(value).__name__}, which is no "
                "tensor. Keep the estimator with joblib.dump or pickle."
            )
    # Copies, because tensors in one file must not share memory.
    return {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in weights.items()
    }


def _check_same_network(estimator, state):
    """Make sure that the parameters still describe the fitted network."""
    # A copy on the CPU, which is not compiled: two networks of one code.
    fitted = copy.deepcopy(estimator.net_.module_).cpu()
    dtype = estimator.net_.settings.dtype
    generator = torch.Generator().manual_seed(0)
    shape = (_PROBE_ROWS, *state.net["row_shape"])
    rows = torch.randn(shape, generator=generator, dtype=dtype)
    try:
        rebuilt = rebuild(estimator, state, dtype)
        with torch.no_grad():
            old, new = (own.eval()(rows) for own in (fitted, rebuilt))
        same = torch.allclose(old, new, rtol=1e-3, atol=1e-5, equal_nan=True)
    except (RuntimeError, TypeError, ValueError) as error:
        raise _changed(estimator) from error
    if not same:
        raise _changed(estimator)


def _changed(estimator):
    return PersistenceError(
        "The parameters no longer describe the fitted network of this "
        f"{type(estimator).__name__}; were they changed after fit? Set them back, or "
        "fit anew, before saving."
    )


def _unfitted(cls, parameters):
    unknown = sorted(set(parameters) - set(cls._get_param_names()))
    if unknown:
        raise PersistenceError(
            f"The file has parameters that {cls.__name__} does not know: "
            f"{', '.join(unknown)}. Load it with the version of skmtl that wrote it."
        )
    estimator = cls(**parameters)
    estimator._validate_params()
    return estimator


def _set_attributes(estimator, attributes):
    for name, kind in _REQUIRED.items():
        if not isinstance(attributes[name], kind):
            raise TypeError(f"attribute {name} is a {type(attributes[name])}")
    if len(attributes["_targets"].specs) != attributes["n_tasks_"]:
        raise ValueError(f"n_tasks_ is {attributes['n_tasks_']}")
    for name, value in attributes.items():
        # A value must not take the place of a method.
        if hasattr(type(estimator), name) or hasattr(estimator, name):
            raise ValueError(f"attribute {name!r}")
        setattr(estimator, name, value)


def _find_device(estimator, what):
    try:
        return resolve_device(estimator.device)
    except InputError as error:
        raise PersistenceError(
            f"{what} cannot be loaded to device={str(estimator.device)!r}: {error} "
            "Load it with load(path, device='cpu')."
        ) from error
