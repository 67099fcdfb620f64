"""The algorithm of selective sharing, for every kind of task."""

import math

import numpy as np
import torch

from skmtl._base import (
    MultiTaskEstimator,
    cause_of_groups,
    encoder_of,
    fault_of_clustering,
    heads_of,
    read_tasks,
    task_attributes,
    warn_of_silent_tasks,
    warn_user,
)
from skmtl.exceptions import InputError, TaskGroupWarning

from ._branches import Branches, start_equally
from ._given import read_groups
from ._grouping import Sharing, number_groups
from ._network import SelectiveSharingNetwork
from ._sharing import EVENT_FIELDS

__all__ = ["SelectiveSharing"]

# Steps whose gradients are compared.
_WINDOW = 80


class SelectiveSharing(MultiTaskEstimator):
    """The algorithm; leaves add the kinds of tasks."""

    # Each branch sees the labels of few tasks, and fits their noise sooner.
    _decay_follows_noise = True
    _own_attributes = """\
branch_of_ : int ndarray of shape ([n_estimators,] n_tasks)
    Branch of each task, with a first axis for the members of an ensemble.
n_branches_ : int, or int ndarray of shape (n_estimators,)
    Number of branches left.
merge_history_ : list of dict, or list of n_estimators such lists
    One entry per merge: `epoch` (from 1) and `step` of the call that made it,
    `groups` (the branch of each task from then on), `loss_before` and `loss_after`
    (nats, summed over tasks, of up to 512 training rows), `parameters_before` and
    `parameters_after` (counts).
lock_epoch_ : int or None, or list of n_estimators such
    Epoch from which branches no longer merge, from 1 in the call that locked them;
    None if they still may.
n_parameters_ : int
    Weights and biases in use, of all members of an ensemble together."""

    def _build_network(self, context):
        specs = context.specs
        encoder = encoder_of(self, context, self.latent_dim)
        sharing = self._sharing([spec.name for spec in specs])
        sizes = tuple(self.branch_layer_sizes)
        if not sizes:
            raise InputError(
                "`branch_layer_sizes` must name at least one layer, which tasks can "
                "share; found none. Use HardSharing for a network without branches."
            )
        self._check_tensor_shape(encoder.out_features * sizes[0])
        generator, dtype = context.generator, context.dtype
        branches = Branches(
            len(specs), encoder.out_features, sizes, generator, self.activation, dtype
        )
        heads = start_equally(heads_of(context, sizes[-1]))
        return SelectiveSharingNetwork(
            encoder,
            branches,
            heads,
            sharing,
            np.array([spec.is_classification for spec in specs]),
            int(torch.randint(2**31 - 1, (), generator=generator)),
            row_dims=len(context.input_shape),
        )

    def _sharing(self, task_names):
        chosen = self.sharing
        if isinstance(chosen, str) and chosen == "variance" and self.window == 1:
            raise InputError(
                "`window` must be 'auto' or at least 2 where sharing='variance', which "
                "compares the gradients of a task at several steps; found 1."
            )
        if self._is_given:
            if self.n_groups is not None:
                raise InputError(
                    "`n_groups` must be None where `sharing` gives the groups; found "
                    f"n_groups={self.n_groups}. Leave one of the two at its default."
                )
            chosen = read_groups(chosen, task_names)
        shape = self.tensor_shape
        return Sharing(
            sharing=chosen,
            representation=self.representation,
            clustering=self.clustering,
            min_similarity=self.min_similarity,
            n_groups=self.n_groups,
            min_reliability=self.min_reliability,
            window=self._n_steps_watched,
            merge=self.merge,
            recluster=self.recluster,
            refit_output=self.refit_output,
            rank=self.rank,
            reshape=None if shape is None else tuple(shape),
        )

    @property
    def _n_steps_watched(self):
        if self.window != "auto":
            return self.window
        reads_gradients = self.representation != "whitened" or (
            isinstance(self.sharing, str) and self.sharing == "variance"
        )
        return _WINDOW if reads_gradients and not self._is_given else 1

    def _check_tensor_shape(self, n_entries):
        shape = self.tensor_shape
        if shape is None or math.prod(shape) == n_entries:
            return
        raise InputError(
            f"`tensor_shape` must have {n_entries} entries, as the first layer of a "
            f"branch; found {tuple(shape)} with {math.prod(shape)}. Use None for the "
            "matrix."
        )

    # ---- fitted attributes

    def _method_attributes(self, tensors):
        branch_of = tensors["branch_of"]
        n_branches = branch_of.max(-1) + 1
        ensemble = branch_of.ndim == 2
        merges, locks = tensors["merges"], tensors["lock_epoch"].tolist()
        histories = [_events(own) for own in (merges if ensemble else merges[None])]
        found = [lock or None for lock in (locks if ensemble else [locks])]
        return {
            "branch_of_": branch_of,
            "n_branches_": n_branches if ensemble else int(n_branches),
            "merge_history_": histories if ensemble else histories[0],
            "lock_epoch_": found if ensemble else found[0],
            "n_parameters_": int(tensors["n_parameters"].sum()),
        }

    def _read_tasks(self, net, data, by_member, seed):
        names = data.encoder.task_names
        closed = all(own["closed_epoch"] > 0 for own in by_member)
        if len(names) > 1 and not closed:
            steps = self._n_steps_watched
            warn_user(
                "No branches were merged: the weights that training kept are from "
                f"before its first {steps} steps were over. Lower `window` or train "
                "for longer.",
                TaskGroupWarning,
            )
        groups = None
        if len(by_member) == 1 and closed:
            groups = number_groups(by_member[0]["branch_of"])
        if not closed:
            return read_tasks(self, net, data, by_member, seed)
        if self._is_given:
            return read_tasks(self, net, data, by_member, seed, given=groups)
        return self._own_relations(names, by_member, groups)

    @property
    def _is_given(self):
        return not isinstance(self.sharing, str)

    def _own_relations(self, names, by_member, groups):
        """What the members grouped their tasks by, and the groups of a single one."""
        similarities = np.array([own["similarity"] for own in by_member])
        reliability = np.mean([own["reliability"] for own in by_member], axis=0)
        null = np.mean([own["null"] for own in by_member], axis=0)
        found = task_attributes(
            self, similarities, 1 - similarities.mean(0), reliability, null
        )
        if groups is not None:
            found["task_groups_"] = groups
        if self.min_reliability is not None:
            off = similarities * (1 - np.eye(len(names)))
            silent = (reliability <= null) & ~off.any((0, 1))
            varies = (reliability != 0) | (null != 0)
            labels, cause = found["task_groups_"], cause_of_groups(self)
            warn_of_silent_tasks(silent, varies, names, labels, cause)
        self._warn_of_no_merge(similarities, reliability > null, by_member)
        return found

    def _warn_of_no_merge(self, similarities, heard, by_member):
        n_tasks = len(heard)
        n_sharing = n_tasks if self.min_reliability is None else heard.sum()
        merged = any(own["branch_of"].max() + 1 < n_tasks for own in by_member)
        if merged or n_sharing < 2 or self.n_groups is not None:
            return
        off = similarities * (1 - np.eye(n_tasks))
        by = ""
        if self.representation != "whitened":
            by = f" by representation={self.representation!r}"
        reason = (
            f"{heard.sum()} of the {n_tasks} tasks have a signal, but no two are "
            f"related enough{by}."
        )
        if self.min_reliability is None:
            reason = (
                "min_reliability=None lets every task share, but no two are related "
                f"enough{by}."
            )
        if off.max() >= self.min_similarity:
            reason = (
                f"That would do, but {self._fault_of_grouping(n_tasks)}. Use "
                "clustering='gap', or give the groups as `sharing`."
            )
        warn_user(
            "No branches were merged: the largest similarity of two tasks is "
            f"{off.max():.2f} (`min_similarity={self.min_similarity}`). {reason}",
            TaskGroupWarning,
        )

    def _fault_of_grouping(self, n_tasks):
        """How the parameter that groups similar tasks came to form no group."""
        if self.sharing == "variance":
            return "sharing='variance' left every task alone"
        return fault_of_clustering(self.clustering, n_tasks)


def _events(table):
    """Rows of one network's table of merges, as dicts."""
    events = []
    for row in table[table[:, 0] > 0]:
        fields = dict(zip(EVENT_FIELDS, row.tolist(), strict=False))
        for name in ("epoch", "step", "parameters_before", "parameters_after"):
            fields[name] = int(fields[name])
        groups = row[len(EVENT_FIELDS) :].astype(int)
        events.append({**fields, "groups": groups.tolist()})
    return events
