"""Notebook 05: its functions against scikit-learn, torch and closed forms."""

from functools import partial
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import explorers, regularization

PATH = Path(__file__).parents[1] / "notebooks" / "05_regularization.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PATH, as_version=4).cells}
SHAPES = [(20, 3), (50, 10), (8, 12), (2, 1)]  # (n, d); the third has no unique fit
PENALTIES = [0.001, 0.1, 1.0, 100.0]


def from_notebook(*ids: str) -> dict:
    """What the cells with these ids define."""
    found = {"torch": torch, "np": np, "nn": nn, "F": F, "ll": ll, "product": product}
    for id in ids:
        exec(CELLS[id], found)
    return found


def problem(n: int, d: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    features = draw.normal(size=(n, d)) * draw.uniform(0.1, 3, d) + draw.normal(size=d)
    return features, features @ draw.normal(size=d) + 20 + draw.normal(size=n)


# Ridge and the lasso.


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("whose", ["notebook", "library"])
def test_ridge_is_scikit_learns(whose, shape, penalty):
    ours = regularization.ridge
    if whose == "notebook":
        ours = from_notebook("g3-ridge")["ridge"]
    X, y = problem(*shape)
    theirs = Ridge(alpha=len(y) * penalty).fit(X, y)
    intercept, theta = ours(X, y, penalty)
    assert np.allclose(intercept, theirs.intercept_)
    assert np.allclose(theta, theirs.coef_)


def test_without_penalty_the_library_gives_least_squares():
    X, y = problem(50, 10)
    theirs = LinearRegression().fit(X, y)
    intercept, theta = regularization.ridge(X, y, 0)
    assert np.allclose([intercept, *theta], [theirs.intercept_, *theirs.coef_])


@pytest.mark.parametrize("penalty", [0.0, *PENALTIES])
def test_with_a_prior_the_gradient_is_zero(penalty):
    (X, y), prior = problem(50, 4), np.array([1.0, -2.0, 0.0, 3.0])
    intercept, theta = regularization.ridge(X, y, penalty, prior)
    missing = intercept + X @ theta - y
    gradient = 2 / len(y) * X.T @ missing + 2 * penalty * (theta - prior)
    assert np.allclose(gradient, 0, atol=1e-9) and np.isclose(missing.mean(), 0)


def test_a_huge_penalty_leaves_the_prior_and_the_mean():
    X, y = problem(50, 3)
    intercept, theta = regularization.ridge(X, y, 1e12, 2.0)
    assert np.allclose(theta, 2) and np.isclose(intercept, (y - 2 * X.sum(1)).mean())


@pytest.mark.parametrize("penalty", [0.001, 0.1])
def test_the_penalised_intercept_is_ridge_with_a_column_of_ones(penalty):
    X, y = problem(20, 3)
    ours = from_notebook("g3-all")["ridge_on_all"](X, y, penalty)
    ones = np.column_stack([np.ones(20), X])
    theirs = Ridge(alpha=20 * penalty, fit_intercept=False).fit(ones, y)
    assert np.allclose(np.hstack(ours), theirs.coef_)


@pytest.mark.parametrize("penalty", [0.02, 0.1, 0.5, 100.0])
@pytest.mark.parametrize("shape", [(20, 3), (50, 10), (8, 12)])
def test_the_lasso_is_scikit_learns(shape, penalty):
    lasso = from_notebook("g4-ista")["lasso"]
    X, y = problem(*shape)
    # scikit-learn halves the squared error, so its alpha is half of λ.
    theirs = Lasso(alpha=penalty / 2, tol=1e-10, max_iter=1_000_000).fit(X, y)
    intercept, theta = lasso(X, y, penalty, steps=200_000 if shape[0] == 8 else 20_000)
    assert np.allclose(theta, theirs.coef_, atol=1e-4)
    assert np.isclose(intercept, theirs.intercept_, atol=1e-3)
    assert np.array_equal(theta == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("strength", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("z", np.linspace(-2, 2, 9))
def test_the_weight_alone_is_the_best_of_all_candidates(z, strength):
    soft = from_notebook("g4-ista")["soft"]
    grid = np.linspace(-3, 3, 6001)
    for penalty, formula in (
        (np.abs(grid), soft(z, strength / 2)),
        (np.square(grid), z / (1 + strength)),
    ):
        best = grid[np.argmin((grid - z) ** 2 + strength * penalty)]
        assert abs(best - formula) < 0.001


def test_validation_days_choose_a_weaker_penalty_on_the_wrong_prior():
    found = from_notebook("g1-data", "g1-measure", "g1-run", "g2-priors", "g2-run")
    strengths, error = found["strengths"][4:], found["error"]

    def chosen(prior):
        numbers = []
        for training, validation, _ in found["draws"]:
            fits = found["fit_all"](training, prior, strengths)
            errors = [error(fit, validation) for fit in fits]
            numbers.append(np.log(strengths[np.argmin(errors)]))
        return np.exp(np.mean(numbers))

    ratio = chosen(0.0) / chosen(found["priors"]["the other hemisphere"])
    assert 3 < ratio < 10 and "several times weaker" in CELLS["g2-words"]
    worse = found["tested"]["the other hemisphere"] > found["tested"]["zero"]
    assert 0.6 < worse.mean() < 0.9 and "Single draws vary" in CELLS["g2-words"]


# Bad input: one clear sentence each.


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"penalty": -1}, "λ = -1: expected a finite number of at least 0"),
        ({"penalty": np.nan}, "λ = nan: expected a finite number"),
        ({"penalty": np.inf}, "λ = inf: expected a finite number"),
        ({"targets": np.array([1.0, np.nan, 3.0])}, "1 of the targets are NaN"),
        ({"features": np.array([[1.0], [np.inf], [np.nan]])}, "2 of the features"),
        ({"features": np.ones((2, 1))}, "do not belong together; expected .n, d."),
        ({"features": np.ones(3)}, "do not belong together"),
        ({"features": np.ones((0, 1)), "targets": np.ones(0)}, "at least 1"),
        ({"penalty": 0, "features": np.ones((3, 1))}, "λ = 0, and 3 rows of 1 feat"),
        ({"penalty": 0, "features": np.eye(3)}, "have rank 2 after centring"),
    ],
)
def test_ridge_says_in_one_sentence_what_is_wrong(change, message):
    sound = {
        "features": np.array([[0.0], [1.0], [2.0]]),
        "targets": np.array([1.0, 2.0, 4.0]),
        "penalty": 1.0,
    }
    with pytest.raises(ValueError, match=message) as caught:
        regularization.ridge(**sound | change)
    assert "\n" not in str(caught.value)


def test_with_a_penalty_singular_data_is_fine():
    intercept, theta = regularization.ridge(np.ones((3, 2)), [1, 2, 6], 0.1)
    assert intercept == 3 and np.array_equal(theta, [0, 0])


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="no method 'droput'; there are: nothing, wei"):
        regularization.recipe("droput", 0.5)


# Mixup.


def test_mixup_takes_other_classes_and_pictures_of_any_shape():
    images = torch.rand(6, 1, 5, 4)
    labels = torch.tensor([0, 19, 3, 7, 12, 1])
    draws = [torch.Generator().manual_seed(1) for _ in range(4)]
    mixed, shares = regularization.mixup(images, labels, draws[0], classes=20)
    assert mixed.shape == images.shape and shares.shape == (6, 20)
    assert torch.allclose(shares.sum(1), torch.ones(6))
    for draw, shape in zip(draws[1:], [(6, 5, 4), (6, 20), (6, 1, 1, 5, 4)]):
        same, _ = regularization.mixup(images.reshape(shape), labels, draw, 1.0, 20)
        assert torch.equal(same, mixed.reshape(shape))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([0, 10], r"\[0, 10\]: expected 0 to 9; .* add classes"),
        ([0, -1], r"\[-1, 0\]: expected 0 to 9; leave others out"),
    ],
)
def test_labels_that_cannot_be_mixed_are_named(labels, words):
    images = torch.rand(2, 1, 8, 8)
    with pytest.raises(ValueError, match=words):
        regularization.mixup(images, torch.tensor(labels), torch.Generator())


# Optimisers, step by step.


def torch_path(make, gradient, start, steps):
    """The weights after each step of an optimiser of torch."""
    weight = nn.Parameter(torch.tensor(start))
    optimizer, path = make([weight]), [start]
    for step in range(steps):
        weight.grad = torch.tensor(gradient(step, weight.detach().numpy()))
        optimizer.step()
        path.append(weight.detach().numpy().copy())
    return np.array(path)


@pytest.mark.parametrize(
    ("direction", "kind", "make"),
    [
        ("sgd", "penalty", partial(torch.optim.SGD, weight_decay=0.2)),
        (
            "momentum",
            "penalty",
            partial(torch.optim.SGD, momentum=0.9, weight_decay=0.2),
        ),
        ("adam", "penalty", partial(torch.optim.Adam, weight_decay=0.2)),
        ("adam", "decay", partial(torch.optim.AdamW, weight_decay=0.2)),
        ("adam", None, torch.optim.Adam),
        ("momentum", None, partial(torch.optim.SGD, momentum=0.9)),
    ],
)
def test_each_step_is_torchs(direction, kind, make):
    found = from_notebook("g4-rules", "g4-walk")
    draw = np.random.default_rng(0)
    inputs, targets = draw.normal(size=(60, 5, 4)), draw.normal(size=(60, 5))
    start = draw.normal(size=4)

    def gradient(step, w):
        return 2 / 5 * inputs[step].T @ (inputs[step] @ w - targets[step])

    # PyTorch's weight_decay is δ, and 2λ of a penalty.
    strength = {"penalty": {"penalty": 0.1}, "decay": {"decay": 0.2}}.get(kind, {})
    ours = found["walk"](found[direction], gradient, start, 0.01, **strength, steps=60)
    theirs = torch_path(lambda w: make(w, lr=0.01), gradient, start, 60)
    assert np.allclose(ours, theirs, atol=1e-7)


def test_a_penalty_above_both_noises_shrinks_loud_and_quiet_alike():
    found = from_notebook("g4-rules", "g4-walk")
    noise = np.random.default_rng(0).normal(size=(1000, 100))
    noise *= np.repeat([1, 0.01], 50)
    setting = found["adam"], lambda step, w: noise[step], np.ones(100), 0.001
    for penalty, largest in ((0.05, 0.9), (5.0, 0.05)):
        end = found["walk"](*setting, penalty=penalty, steps=1000)[-1]
        loud, quiet = end.reshape(2, 50).mean(1)
        assert abs(loud - quiet) < largest and (loud - quiet > 0.5) == (penalty == 0.05)


def test_descent_on_the_ridge_problem_has_the_right_gradient():
    found = from_notebook("g1-data", "g3-descend")
    many, celsius = found["many"], found["celsius"]
    weights = torch.zeros(16, dtype=torch.float64, requires_grad=True)
    rate = 1 / (2 * (found["spread_of"][-1] + 0.1))
    for _ in range(3):
        fitted = weights[0] + torch.tensor(many) @ weights[1:]
        loss = F.mse_loss(fitted, torch.tensor(celsius))
        loss = loss + 0.1 * weights[1:].square().sum()
        (gradient,) = torch.autograd.grad(loss, weights)
        weights = (weights - rate * gradient).detach().requires_grad_()
    assert np.allclose(found["descend"](0.1, steps=3), weights.detach().numpy())


# Dropout, label smoothing, mixup.


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9])
def test_dropout_has_the_mean_and_variance_of_torchs(p):
    dropout = from_notebook("g5-dropout-code")["dropout"]
    x = torch.linspace(-2, 2, 5).repeat(200_000, 1)
    torch.manual_seed(0)
    ours = dropout(x, p, True, torch.Generator().manual_seed(0))
    for out in (ours, nn.Dropout(p)(x)):
        spread = (p / (1 - p)) ** 0.5 * x[0].abs()
        assert torch.allclose(out.mean(0), x[0], atol=0.03)
        assert torch.allclose(out.std(0), spread, atol=0.05)
    assert torch.equal(dropout(x, p, False, None), nn.Dropout(p).eval()(x))


@pytest.mark.parametrize("s", [0.0, 0.1, 0.5, 1.0])
def test_label_smoothing_is_torchs(s):
    smoothed_loss = from_notebook("g5-smooth-code")["smoothed_loss"]
    logits, labels = torch.randn(7, 10), torch.arange(7)
    expected = F.cross_entropy(logits, labels, label_smoothing=s)
    assert torch.allclose(smoothed_loss(logits, labels, s), expected)


@pytest.mark.parametrize("strength", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("whose", ["notebook", "library"])
def test_mixup_mixes_pictures_and_labels_in_the_same_shares(whose, strength):
    mixup = regularization.mixup
    if whose == "notebook":
        mixup = from_notebook("g5-smooth-code")["mixup"]
    labels = torch.arange(50) % 10
    # Each picture shows its own label as a one in the place of that class.
    images = F.one_hot(labels, 10).float().reshape(50, 1, 2, 5)
    generator = torch.Generator().manual_seed(0)
    mixed, targets = mixup(images, labels, generator, strength)
    assert torch.allclose(mixed.flatten(1), targets, atol=1e-6)
    assert torch.allclose(targets.sum(1), torch.ones(50))
    assert targets[range(50), labels].min() >= 1 - strength - 1e-6


# The nine ways to train.


def small_digits() -> tuple[torch.Tensor, torch.Tensor]:
    return ll.data.digits("train", 25)


def test_each_method_has_its_strengths_and_a_recipe():
    for method, strengths in regularization.METHODS.items():
        assert len(strengths) == (1 if method in ("nothing", "batch norm") else 3)
        recipes = [regularization.recipe(method, strength) for strength in strengths]
        assert all(recipes[0] != other for other in recipes[1:])


def test_early_stopping_stops(monkeypatch):
    epochs = []
    accuracy = ll.training._epoch

    def counted(*arguments):
        epochs.append(1)
        return accuracy(*arguments)

    monkeypatch.setattr(ll.training, "_epoch", counted)
    regularization.train({"early stopping": 3}, small_digits(), 0)
    assert len(epochs) == 3


def test_methods_change_the_net_or_its_training():
    plain = regularization.train({"nothing": 0}, small_digits(), 0)
    again = regularization.train({"early stopping": 60}, small_digits(), 0)
    assert torch.equal(plain[0].weight, again[0].weight)
    for method, strengths in list(regularization.METHODS.items())[1:]:
        recipe = regularization.recipe(method, strengths[len(strengths) // 2])
        net = regularization.train(recipe, small_digits(), 0)
        assert not torch.equal(net[0].weight, plain[0].weight), method
        kinds = {type(module) for module in net}
        assert (nn.BatchNorm2d in kinds) == (method in ("batch norm", "five together"))
        active = {module.p for module in net if isinstance(module, nn.Dropout)}
        assert active == {recipe.get("dropout", 0)}


def test_the_strengths_in_the_text_are_those_of_the_library():
    lines = CELLS["g5-strengths"].splitlines()[2:]
    rows = dict(line.strip("|").rsplit("|", 1) for line in lines)
    for method, strengths in regularization.METHODS.items():
        begins = method.replace("five", "these five")
        said = [row for name, row in rows.items() if name.strip().startswith(begins)]
        expected = "on" if strengths == (1,) else ", ".join(f"{s:g}" for s in strengths)
        assert [row.strip() for row in said] == [expected] * (method != "nothing")
    shares = [f"{share:g}" for share in regularization.TOGETHER.values()]
    (together,) = (name for name in rows if "these five" in name)
    assert [word for word in together.split() if word[:2] == "0."] == shares
    assert (
        f"only after 15, 30 and {regularization.EPOCHS} epochs: three strengths"
        in (CELLS["g5-epochs-words"])
    )


def test_the_best_point_of_the_diamond_is_a_corner_and_of_the_circle_none():
    found = from_notebook("g4-shapes")
    bend, lowest = found["bend"], found["lowest"]
    assert np.linalg.eigvalsh(bend).min() > 0 and np.abs(lowest).sum() > 2
    circle, corner = (found["best_of"][name] for name in ("L2", "L1"))
    assert np.allclose(corner, [0, 1]) and np.abs(circle).min() > 0.05
    assert np.isclose(np.linalg.norm(circle), 1)


def test_the_numbers_in_the_text_are_those_of_the_recorded_runs():
    values = ll.recorded.load("regularizers").values
    names = list(regularization.METHODS)
    error = {name: 100 * values[f"{name}: test error"] for name in names}
    gain = {name: error["nothing"] - error[name] for name in names}
    words = CELLS["g5-words"]
    assert f"Of {error['nothing'].mean():.0f} errors in a hundred" in words
    assert all(2.5 < gain[name].mean() < 3.5 for name in names[3:8])  # "about three"
    assert f"{gain['five together'].mean():.0f}" == "6" and "all together six" in words
    missed = [int((gain[name] <= 0).sum()) for name in names[3:8]]
    assert f"in {min(missed)} to {max(missed)} of 40" in words
    losses = [values[f"{n}: test loss"].mean() for n in ("nothing", "weight decay")]
    assert f"{losses[0]:.2f} to {losses[1]:.2f}" in words
    to_the_end = (values["early stopping: strength"] == regularization.EPOCHS).sum()
    assert f"in {to_the_end} of 40 runs validation chose all 60" in words


# The explorers.


def test_the_free_intercept_follows_and_the_penalised_one_does_not():
    fits = explorers.regularization._fits
    for penalty, degree in product((0.01, 1.0), (1, 9)):
        celsius, kelvin = fits(0.0, penalty, degree), fits(273.15, penalty, degree)
        assert np.allclose(celsius[0], kelvin[0])
        assert (celsius[1] - kelvin[1]).mean() > 2


def test_the_explorers_fits_are_scikit_learns():
    x, celsius = explorers.regularization._days()
    features = explorers.regularization._powers(x, 3)
    found = explorers.regularization._fits(10.0, 0.1, 3)
    free = Ridge(alpha=2.0).fit(features, celsius + 10)
    assert np.allclose(found[2], free.predict(features) - 10)
    ones = np.column_stack([np.ones(20), features])
    drawn = Ridge(alpha=2.0, fit_intercept=False).fit(ones, celsius + 10)
    assert np.allclose(found[3], drawn.predict(ones) - 10)


def test_the_masks_have_dropouts_mean_and_spread():
    inputs = explorers.regularization.INPUTS
    weights = explorers.regularization.WEIGHTS
    for p in (0.1, 0.5):
        outputs = explorers.regularization._outputs(p, "training", "on")
        spread = (p / (1 - p)) ** 0.5 * np.linalg.norm(inputs * weights)
        assert abs(outputs.mean() - inputs @ weights) < 4 * spread / 1000**0.5
        assert abs(outputs.std() / spread - 1) < 0.1
        without = explorers.regularization._outputs(p, "training", "off")
        assert np.allclose(without, (1 - p) * outputs)
    assert np.ptp(explorers.regularization._outputs(0.5, "evaluation", "off")) == 0


@pytest.mark.parametrize(
    ("p", "scaling", "notes"),
    [(0.5, "on", []), (0.9, "on", ["outer"]), (0.1, "off", ["high"])],
)
def test_what_the_histogram_cuts_is_said(p, scaling, notes):
    settings = {"p": p, "mode": "training", "scaling": scaling}
    said = explorers.regularization._say_masks(**settings)
    assert [word for word in ("outer", "high") if word in said] == notes


def test_all_settings_can_be_drawn_and_the_challenges_met_but_not_at_the_start():
    for make in (ll.explorers.celsius_to_kelvin, ll.explorers.dropout_masks):
        explorer = make()
        values = [slider.options for slider in explorer.sliders.values()]
        every = [dict(zip(explorer.sliders, v)) for v in product(*values)]
        for settings in every:
            explorer.set(**settings)
            assert "cannot be drawn" not in explorer.status.value, settings
        plt.close("all")
        solutions = [s for s in every if explorer.solved(**s)]
        assert solutions, explorer.label
        first, *others = explorer.presets.values()
        assert first not in solutions
        # Without a kernel only the presets can be looked at.
        assert any(preset in solutions for preset in others)
