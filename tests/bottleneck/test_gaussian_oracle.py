"""Jointly Gaussian X and Y, where the bottleneck is known in closed form."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from skmtl import HierarchicalIBRegressor
from skmtl.datasets import make_gaussian_tasks
from skmtl.model_selection import fit_stack
from skmtl.similarity import capacity_overlap

# The optimum is flat at the least beta, and the noise of training moves I(X;W) by an
# amount that falls with the rows of a step.
N_ROWS, N_TASKS, LATENT = 6000, 3, 4
CORRELATIONS = (0.95, 0.8, 0.5)
BETAS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5])
LINEAR = {
    "gamma": 0,
    "hidden_layer_sizes": (),
    "weight_decay": 0,
    "batch_size": N_ROWS,
    "max_epochs": 1000,
    "lr": 0.08,
    "lr_decay": 1.0,
    "noise_lr_multiplier": 3,
    "random_state": 0,
}


class Gaussian:
    """Rows, and the covariances that they have in the sample itself."""

    def __init__(self):
        random = np.random.RandomState(0)
        tasks = make_gaussian_tasks(
            N_ROWS, 5, correlations=[CORRELATIONS], rotate=True, random_state=0
        )
        # Mixed targets, whose residuals are correlated; the optimum stays.
        y = tasks.target @ random.normal(size=(N_TASKS, N_TASKS))
        self.X = tasks.data - tasks.data.mean(0)
        self.y = (y - y.mean(0)) / y.std(0)
        self.xx = self.X.T @ self.X / N_ROWS
        self.xy = self.X.T @ self.y / N_ROWS
        self.yy = self.y.T @ self.y / N_ROWS

    def optimum(self, beta):
        """I(X;W), I(W;Y) and the least of ``beta I(X;W) - I(W;Y)``, in nats."""
        given_y = self.xx - self.xy @ np.linalg.solve(self.yy, self.xy.T)
        spectrum = np.linalg.eigvals(given_y @ np.linalg.inv(self.xx)).real
        active = spectrum[beta < 1 - spectrum]
        of_x = 0.5 * np.log((1 / beta - 1) * (1 - active) / active).sum()
        of_y = of_x - 0.5 * np.log((1 - active) / beta).sum()
        return of_x, of_y, beta * of_x - of_y

    def reached(self, est, beta):
        """The same three of a fitted linear network, its head included."""
        network = est.net_.module_
        with torch.no_grad():
            origin = network.encoder(torch.zeros(1, 5, dtype=torch.float64))
            A = (network.encoder(torch.eye(5, dtype=torch.float64)) - origin).numpy().T
            shift = network.heads(origin)[:, 0, 0].numpy()
            H = network.heads.weight[:, 0].numpy()
        noise = np.exp(est.noise_log_variance_[0])
        ww, wy = A @ self.xx @ A.T + np.diag(noise), A @ self.xy
        of_x = 0.5 * (logdet(ww) - np.log(noise).sum())
        given_w = self.yy - wy.T @ np.linalg.solve(ww, wy)
        of_y = 0.5 * (logdet(self.yy) - logdet(given_w))
        error = self.yy - H @ wy - (H @ wy).T + H @ ww @ H.T + np.outer(shift, shift)
        residual = est.residual_covariance_ / np.outer(self.y.std(0), self.y.std(0))
        cost = 0.5 * (logdet(residual) + np.trace(np.linalg.solve(residual, error)))
        rest = 0.5 * (logdet(self.yy) + N_TASKS)
        capacity = 0.5 * np.log1p(np.diag(A @ self.xx @ A.T) / noise).sum()
        return of_x, of_y, beta * capacity + cost - rest


def logdet(matrix):
    return np.linalg.slogdet(matrix)[1]


@pytest.fixture(scope="module")
def gaussian():
    return Gaussian()


@pytest.fixture(scope="module")
def fitted(gaussian):
    estimators = [
        HierarchicalIBRegressor(
            # All tasks pay for the one channel.
            beta=beta / N_TASKS,
            noise="shared",
            residual="full",
            latent_dim=LATENT,
            **LINEAR,
        )
        for beta in BETAS
    ]
    return fit_stack(estimators, gaussian.X, gaussian.y)


def test_trained_objective_is_the_optimum(gaussian, fitted):
    for beta, est in zip(BETAS, fitted, strict=True):
        excess = gaussian.reached(est, beta)[2] - gaussian.optimum(beta)[2]
        assert -1e-9 < excess < 0.002, beta


def test_informations_are_those_of_the_optimum(gaussian, fitted):
    for beta, est in zip(BETAS, fitted, strict=True):
        found = gaussian.reached(est, beta)[:2]
        assert_allclose(found, gaussian.optimum(beta)[:2], atol=0.02, err_msg=str(beta))


@pytest.mark.parametrize("residual", ["unit", "diagonal"])
def test_tasks_with_disjoint_predictors_get_disjoint_filters(residual):
    random = np.random.RandomState(0)
    X = random.normal(size=(N_ROWS, 4))
    y = X[:, [0, 2]] + X[:, [1, 3]] + 0.5 * random.normal(size=(N_ROWS, 2))
    est = HierarchicalIBRegressor(
        beta=0.1, residual=residual, latent_dim=LATENT, **LINEAR
    ).fit(X, y)
    assert (est.information_ > 0.5).all()
    assert capacity_overlap(est.capacity_)[0, 1] < 0.02
    assert est.task_groups_.tolist() == [0, 1]
