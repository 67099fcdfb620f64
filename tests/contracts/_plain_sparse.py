"""The sparse methods written by hand in plain torch."""

import torch

from tests.contracts._reference import PlainHardSharing, row_losses


class PlainSparse(PlainHardSharing):
    """Masks by task, a loop over tasks, and per-row gradients one by one."""

    def __init__(self, plan):
        super().__init__(plan)
        network = self.network = plan.network
        self.masks = [own.clone() for own in network.masks()]
        self.masking = network.masking
        self.units = getattr(network, "units", None)
        self.follows = hasattr(network, "schedule")
        self.averages = None

    def masked(self):
        """The weights under the masks."""
        layers = [*self.layers, *([] if self.latent is None else [self.latent])]
        return [layer.weight for layer in layers]

    def encode_task(self, x, task, weights):
        for place, layer in enumerate(self.layers):
            x = torch.relu(x @ weights[place].T + layer.bias)
        if self.latent is not None:
            x = x @ weights[-1].T + self.latent.bias
        return x if self.units is None else x * self.units[task]

    def own_weights(self, task):
        found = []
        for weight, mask in zip(self.masked(), self.masks, strict=True):
            if self.masking == "forward":
                found.append(weight * mask[task])
            else:
                found.append(torch.where(mask[task], weight, weight.detach()))
        return found

    def objective(self, x, codes, weight, row_weight, progress):
        outputs = [
            head(self.encode_task(x, task, self.own_weights(task)))
            for task, head in enumerate(self.heads)
        ]
        return self.losses(outputs, codes, weight)

    # ---- hooks of the training loop

    def before_step(self):
        self.before = [weight.detach().clone() for weight in self.masked()]

    def after_step(self, optimizer, step, n_steps):
        for weight, before, mask in zip(
            self.masked(), self.before, self.masks, strict=True
        ):
            weight.data = torch.where(mask.any(0), weight.data, before)
        if hasattr(self.network, "roaming"):
            self.roam(step / n_steps)
            self.forget(optimizer)

    def after_epoch(self, optimizer, epoch, n_epochs, data):
        if not self.follows:
            return
        warmup, freeze, every = self.network.schedule
        first = max(1, round(warmup * n_epochs))
        last = max(first, n_epochs - round(freeze * n_epochs))
        if not first <= epoch <= last or (epoch - first) % every:
            return
        found = [self.information(task, *data) for task in range(len(self.heads))]
        found = [torch.stack(own) for own in zip(*found, strict=True)]
        decay = self.network.ema
        if self.averages is None:
            self.averages = found
        else:
            pairs = zip(self.averages, found, strict=True)
            self.averages = [decay * old + (1 - decay) * new for old, new in pairs]
        for task in range(len(self.heads)):
            self.choose(task)
        self.forget(optimizer)

    def forget(self, optimizer):
        for weight, mask in zip(self.masked(), self.masks, strict=True):
            optimizer.state[weight]["exp_avg"][~mask.any(0)] = 0.0

    # ---- masks

    def information(self, task, x, codes, weight):
        """Mean over the rows of squared gradients, row by row."""
        spec, head = self.specs[task], self.heads[task]
        dense = self.masking == "gradient"
        effective = [
            (own if dense else own * mask[task]).detach().requires_grad_()
            for own, mask in zip(self.masked(), self.masks, strict=True)
        ]
        totals = [torch.zeros_like(own) for own in effective]
        if self.network.fisher == "batch":
            outputs = head(self.encode_task(x, task, effective))
            share = weight[:, task] / weight[:, task].sum()
            loss = (share * row_losses(spec, outputs, codes[:, task])).sum()
            return [own.square() for own in torch.autograd.grad(loss, effective)]
        for row, own in zip(x, weight[:, task], strict=True):
            outputs = head(self.encode_task(row[None], task, effective))
            for chance, target in self.labels(spec, outputs):
                value = outputs[0, 0]
                if target is not None:
                    value = row_losses(spec, outputs, target)[0]
                gradients = torch.autograd.grad(value, effective, retain_graph=True)
                for total, gradient in zip(totals, gradients, strict=True):
                    total += own * chance * gradient.square()
        return [total / weight[:, task].sum() for total in totals]

    def labels(self, spec, outputs):
        """Labels whose likelihood counts, and their probabilities."""
        if not spec.is_classification:
            return [(1.0, None)]
        chances = torch.softmax(outputs[0], -1)
        if spec.kind == "binary":
            positive = torch.sigmoid(outputs[0, 0])
            chances = torch.stack([1 - positive, positive])
        chances = chances.detach()
        labels = torch.arange(len(chances)).to(outputs.dtype)
        if self.network.fisher == "predicted":
            return [(1.0, labels[chances.argmax()][None])]
        return [
            (chance, label[None]) for chance, label in zip(chances, labels, strict=True)
        ]

    def choose(self, task):
        """The best entries of each layer first, then the best of all."""
        scores = []
        for place, weight in enumerate(self.masked()):
            own = self.averages[place][task]
            if self.network.importance in ("saliency", "units"):
                own = own * weight.detach() ** 2
            if self.network.importance == "units":
                own = own * own.flatten(1).sum(1).view(-1, *[1] * (own.dim() - 1)) ** 4
            if self.network.importance == "relative":
                own = own / self.averages[place].sum(0).clamp_min(1e-300)
            scores.append(own)
        entries = [
            (-float(value), place, at)
            for place, own in enumerate(scores)
            for at, value in enumerate(own.flatten())
        ]
        entries.sort()
        chosen = set()
        for place, floor in enumerate(self.network.floors.tolist()):
            chosen |= set([own for own in entries if own[1] == place][:floor])
        for own in entries:
            if len(chosen) == int(self.network.n_kept):
                break
            chosen.add(own)
        for place, mask in enumerate(self.masks):
            flat = torch.zeros(mask[task].numel(), dtype=torch.bool)
            flat[[at for _, layer, at in chosen if layer == place]] = True
            mask[task] = flat.view_as(mask[task])

    def roam(self, progress):
        network, units = self.network, []
        progress = min(1.0, progress / network.roaming)
        for place, total in enumerate(network.n_swaps.tolist()):
            now = int(progress * total)
            enters = getattr(network, f"enters_{place}")
            leaves = getattr(network, f"leaves_{place}")
            units.append((enters <= now) & (now < leaves))
        inputs = torch.ones(len(self.heads), self.masked()[0].shape[1]).bool()
        for before, own, mask in zip(
            [inputs, *units[:-1]], units, self.masks, strict=True
        ):
            mask.copy_(own[:, :, None] & before[:, None, :])
        self.units = units[-1]
