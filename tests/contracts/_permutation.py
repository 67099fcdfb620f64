"""Networks and noise for tasks in another order."""

import copy
from dataclasses import replace

import torch

from skmtl.nn import MemberRandom


class PermutedRandom(MemberRandom):
    """Gives each task the noise it had before the tasks were permuted."""

    order = None

    def normal(self, shape, dtype):
        draws = super().normal(shape, dtype)
        return draws[torch.as_tensor(self.order)] if len(shape) == 3 else draws


def permuted_network(network, order):
    """Copy a network with its tasks in another order."""
    network = copy.deepcopy(network)
    if hasattr(network, "branches"):
        permute_branches(network, order)
        return network
    shared = {id(parameter) for parameter in network.shared_parameters()}
    buffers = [
        getattr(module, name)
        for module in network.modules()
        for name in getattr(module, "member_buffers", ())
    ]
    for tensor in [*network.parameters(), *buffers, *network.heads.buffers()]:
        if id(tensor) not in shared and tensor.dim() and len(tensor) == len(order):
            tensor.data = tensor.data[order].clone()
    return network


def permute_branches(network, order):
    """Branches are numbered by the first task of each."""
    branch_of = network.branch_of[order]
    slots = list(dict.fromkeys(branch_of.tolist()))
    for parameter in network.branches.parameters():
        parameter.data = parameter.data[slots].clone()
    network.branch_of = torch.tensor([slots.index(own) for own in branch_of.tolist()])
    for tensor in [*network.heads.parameters(), *network.heads.buffers()]:
        tensor.data = tensor.data[order].clone()
    if network.sharing.is_given:
        given = tuple(network.sharing.sharing[task] for task in order)
        network.sharing = replace(network.sharing, sharing=given)
    for name in ("reliability", "null"):
        setattr(network, name, getattr(network, name)[order])
    network.similarity = network.similarity[order][:, order]
    fields = network.merges.shape[-1] - len(order)
    labels = network.merges[:, fields:][:, order]
    for row in range(len(labels)):
        found = labels[row].tolist()
        names = list(dict.fromkeys(found))
        labels[row] = torch.tensor([names.index(own) for own in found])
    network.merges = torch.cat([network.merges[:, :fields], labels], 1)
