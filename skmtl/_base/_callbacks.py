"""From the epochs of a fit to the tasks of ``sklearn.callback``."""

from skmtl._base._compatibility import HAS_CALLBACKS

__all__ = ["metadata_of", "open_callbacks"]


def metadata_of(prepared):
    """What callbacks pass on to scorers beside X and y."""
    weight = prepared.data.sample_weight
    return None if weight is None else {"sample_weight": weight}


def open_callbacks(estimator, prepared, X, y):
    """Open the task of the fit and let every epoch be one of its subtasks.

    Parameters
    ----------
    estimator : estimator
    prepared : Prepared
        Its first plan gets the hook.
    X, y : array-like
        As the user gave them.

    Returns
    -------
    context : CallbackContext, or None
        The open task of the fit; None without callbacks.
    """
    if not (HAS_CALLBACKS and getattr(estimator, "_skl_callbacks", None)):
        return None
    # Epochs that early stopping spares make the number uncertain.
    settings = prepared.plans[0].settings
    epochs = None if settings.early_stopping else settings.max_epochs
    context = estimator._init_callback_context(max_subtasks=epochs)
    told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata_of(prepared)}
    context.call_on_fit_task_begin(**told)
    fitted = estimator._encoding_attributes(prepared)
    opened = []

    def begin():
        opened.append(context.subcontext(task_name="epoch"))
        opened[-1].call_on_fit_task_begin(**told)

    def on_epoch(finished, net, last):
        stop = opened[-1].call_on_fit_task_end(
            **told, reconstruction_attributes=lambda: {**fitted, "net_": net}
        )
        if not (stop or last):
            begin()
        return stop

    begin()
    prepared.plans[0].on_epoch = on_epoch
    return context
