"""What all sparse methods share: passes, masks and what they tell of the tasks."""

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from skmtl._base import MultiTaskEstimator, encoder_of, heads_of
from skmtl._base._representation import chunk_rows, side_by_side
from skmtl.engine import as_tensor
from skmtl.exceptions import InputError
from skmtl.similarity import information_correlation, mask_overlap

from ._export import LAYERS, export_network
from ._thin import warn_of_thin_masks

__all__ = ["SparseSharing"]

# Denser masks agree so much that overlap says little.
_DENSEST = 0.7
_CPU = torch.device("cpu")


class SparseSharing(MultiTaskEstimator):
    """Tasks that use a part of one encoder each."""

    _own_attributes = """\
masks_ : ndarray of shape ([n_estimators,] n_tasks, n_bytes), uint8
    Which of the encoder's weights each task uses, eight in a byte
    (:func:`numpy.packbits` over all layers); :meth:`layer_masks` unpacks them. A first
    axis counts the members of an ensemble, here and below.
keep_ratio_ : float
    Share of these weights that a task uses, of all tasks alike with masks over weights,
    on average with masks over units.
sparsity_ : ndarray of shape ([n_estimators,] n_tasks, n_layers)
    Share of the weights of each layer that a task does without.
similarity_evidence_ : str
    What `task_similarity_` and `task_distances_` were read from: "mask_overlap",
    "information_correlation" or "representation"."""

    def _parts(self, context):
        """Encoder and heads."""
        encoder = encoder_of(self, context, self.latent_dim)
        return encoder, heads_of(context, encoder.out_features)

    # ---- fitted attributes

    def _finish(self, prepared, trained):
        super()._finish(prepared, trained)
        # With "gradient" all tasks compute with all weights.
        if getattr(self, "masking", "forward") == "forward":
            warn_of_thin_masks(self, *self._masked_shapes())

    def _method_attributes(self, tensors):
        masks = _layers_of(tensors, "mask")
        # Members of an ensemble have a first axis.
        start = 2 if self.n_estimators > 1 else 1
        density = np.stack(
            [own.reshape(*own.shape[:start], -1).mean(-1) for own in masks], axis=-1
        )
        flat = np.concatenate(
            [own.reshape(*own.shape[:start], -1) for own in masks], axis=-1
        )
        return {
            "masks_": np.packbits(flat, axis=-1),
            "keep_ratio_": float(flat.mean()),
            "sparsity_": 1 - density,
            "similarity_evidence_": self._evidence(tensors),
        }

    @staticmethod
    def _evidence(tensors):
        """What tells most of how the tasks relate."""
        information = _layers_of(tensors, "fisher")
        if not any(own.any() for own in information):
            return "representation"
        masks = _layers_of(tensors, "mask")
        share = sum(own.sum() for own in masks) / sum(own.size for own in masks)
        return "mask_overlap" if share <= _DENSEST else "information_correlation"

    def _similarity(self, evidence):
        found = self._evidence(evidence.tensors)
        if found == "representation":
            return super()._similarity(evidence)
        if found == "mask_overlap":
            measured = mask_overlap(_layers_of(evidence.tensors, "mask"))
        else:
            measured = information_correlation(_layers_of(evidence.tensors, "fisher"))
        # Weights that matter to every task make unrelated tasks overlap too.
        return measured * evidence.reference.similarity, 1 - measured

    # ---- what a fitted network computes

    def layer_masks(self, member=0):
        """Unpack the masks, layer by layer.

        Parameters
        ----------
        member : int, default=0
            The member of an ensemble.

        Returns
        -------
        masks : dict of str to bool ndarray of shape (n_tasks, *weight)
            By the name of the layer in ``net_.module_.encoder``; True where a task uses
            a weight. The first axis of a weight counts the units of the layer.

        Raises
        ------
        InputError
            If there is no such member.
        """
        check_is_fitted(self, "net_")
        names, shapes = self._masked_shapes()
        packed = self.masks_.reshape(-1, *self.masks_.shape[-2:])
        sizes = [int(np.prod(shape)) for shape in shapes]
        flat = np.unpackbits(
            packed[self._member(member)], axis=-1, count=sum(sizes)
        ).astype(bool)
        parts = np.split(flat, np.cumsum(sizes)[:-1], axis=-1)
        return {
            name: part.reshape(-1, *shape)
            for name, part, shape in zip(names, parts, shapes, strict=True)
        }

    def _masked_weights(self):
        network = self.net_.module_
        names = [name.rpartition(".")[0] for name in network.layer_names]
        return names, network.masked_weights()

    def _masked_shapes(self):
        """Names of the layers, and shapes of their weights without the members."""
        names, weights = self._masked_weights()
        start = len(self.net_.module_.members)
        return names, [tuple(own.shape[start:]) for own in weights]

    def _member(self, member):
        count = max(self.net_.module_.members, default=1)
        number = isinstance(member, int | np.integer) and not isinstance(member, bool)
        if not number or not 0 <= member < count:
            raise InputError(
                "`member` must be the number of a member of the ensemble, from 0 to "
                f"{count - 1}; found {member!r}."
            )
        return int(member)

    def export_task(self, task, member=None, layers="auto"):
        """Cut one task's network out, without the units it does not need.

        Units that are constant for the task are folded into the biases of those that
        read them, and the norms of the task into their layers; features that nothing
        reads are left out where that saves time, and a real target comes in its own
        units. Where `masking` is 'gradient', and of a user's encoder, nothing is cut
        off. It wants rows like those that `fit` saw: in a pipeline, scaled ones. The
        user guide shows how to put the scaler in front.

        Parameters
        ----------
        task : str or int
            Name or index of a task.
        member : int, default=None
            The member of an ensemble, which has to be named: its predictions are
            averages, and the module has but one network.
        layers : {"auto", "dense", "sparse"}, default="auto"
            How the weights of dense layers are kept. "sparse" leaves zeros out of each
            layer that has some; any other weight takes 8 bytes then, in float32, in
            place of 4. "auto" does so where less than .35 of the weights are left, once
            dead units and unread features went, of at least 2048; in the first layer
            fewer, since turning the rows for it takes time too. That is made for
            batches on a CPU: "dense" suits GPUs, calls with less than about 20 rows,
            `torch.func`, and tools that trace modules for any number of rows.
            Convolutions are dense in any case.

        Returns
        -------
        module : TaskModule
            A plain module of torch on the CPU, that maps rows to logits, or to the
            target: in double precision where a network in single precision has a target
            whose mean lies more than 256 standard deviations from zero. Its ``sizes()``
            tells how large it is, ``save(path)`` keeps it in a small file, which
            :func:`skmtl.sparse.load_task` reads. ``save`` refuses a user's encoder,
            whose code such a file cannot keep; use ``torch.save``.

        Raises
        ------
        InputError
            If there is no such task, member or kind of layers.
        """
        check_is_fitted(self, "net_")
        if not isinstance(layers, str) or layers not in LAYERS:
            raise InputError(
                f"`layers` must be one of {list(LAYERS)}; found {layers!r}."
            )
        network = self.net_.module_
        index = self._task_index(task)
        if member is None and network.members:
            raise InputError(
                f"`member` must name one of the {network.members[0]} networks of the "
                "ensemble, from 0; found None."
            )
        number = self._member(0 if member is None else member)
        spec = self._targets.specs[index]
        shape = self._input_shape
        return export_network(network, index, spec, number, shape, layers)

    def transform(self, X, task=None):
        """Compute what the tasks' parts of the encoder make of the rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features, as in :meth:`fit`.
        task : str or int, default=None
            Name or index of a task; None for the mean over all tasks.

        Returns
        -------
        Z : ndarray of shape (n_samples, latent)
            Representation; those of the members of an ensemble side by side. The tasks
            have one in common where `masking` is 'gradient' and `batch_norm` False.

        Raises
        ------
        InputError
            If there is no such task.
        """
        if task is None:
            return self._represent(X)
        X, net = self._check_X(X), self.net_
        index, step = self._task_index(task), chunk_rows(net)
        network, settings = net.module_.eval(), net.settings
        chunks = []
        with torch.inference_mode():
            for start in range(0, len(X), step):
                rows = as_tensor(X[start : start + step], _CPU)
                rows = rows.to(settings.device, settings.dtype)
                chunks.append(network.encode_task(index, rows).cpu().numpy())
        return side_by_side(np.concatenate(chunks, axis=-2), X)


def _layers_of(tensors, name):
    """Evidence of one kind, layer by layer."""
    found = []
    while f"{name}_{len(found)}" in tensors:
        found.append(tensors[f"{name}_{len(found)}"])
    return found
