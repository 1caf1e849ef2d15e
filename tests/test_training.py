"""The training loop: against a loop written out, and where it must refuse."""

import math
import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import training


@pytest.fixture
def digits():
    return ll.data.digits("train", n=200)


def small_net() -> nn.Module:
    torch.manual_seed(0)
    convolution = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    return nn.Sequential(convolution, nn.Flatten(), nn.Dropout(), nn.Linear(144, 10))


def linear_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 10))


def test_fit_is_the_textbook_loop(digits):
    ours, theirs = small_net(), small_net().train()
    torch.manual_seed(1)  # of the dropout
    history = training.fit(
        ours.eval(), digits, epochs=2, batch_size=64, learning_rate=0.1, seed=5
    )
    images, labels = digits
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    order = torch.Generator().manual_seed(5)
    torch.manual_seed(1)
    step = 0
    for _ in range(2):
        losses, correct = torch.zeros(200), torch.zeros(200)
        for batch in torch.randperm(200, generator=order).split(64):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * step / 8))
            logits = theirs(images[batch])
            losses[batch] = F.cross_entropy(logits, labels[batch], reduction="none")
            correct[batch] = (logits.argmax(1) == labels[batch]).float()
            optimizer.zero_grad()
            losses[batch].mean().backward()
            optimizer.step()
            losses, step = losses.detach(), step + 1
    assert history.train_loss[-1] == pytest.approx(losses.mean().item(), rel=1e-4)
    assert history.train_accuracy[-1] == pytest.approx(correct.mean().item())
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_weight_decay_is_that_of_torch(digits):
    ours, theirs = linear_net(), linear_net()
    options = {"epochs": 3, "batch_size": 200, "learning_rate": 0.1}
    training.fit(ours, digits, weight_decay=0.3, **options)
    optimizer = torch.optim.SGD(theirs.parameters(), momentum=0.9, weight_decay=0.3)
    for step in range(3):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * step / 3))
        optimizer.zero_grad()
        F.cross_entropy(theirs(digits[0]), digits[1]).backward()
        optimizer.step()
    torch.testing.assert_close(ours[1].weight, theirs[1].weight)
    assert ours[1].weight.norm() < linear_net()[1].weight.norm()


def test_each_batch_is_augmented_with_draws_of_its_own(digits):
    seen = []

    def shuffled(images, labels, generator):
        seen.append((len(images), torch.rand(1, generator=generator).item()))
        return images, F.one_hot(labels, 10).float()  # probabilities will do as labels

    history = training.fit(
        linear_net(), digits, epochs=2, batch_size=80, augment=shuffled
    )
    assert [n for n, _ in seen] == [80, 80, 40] * 2
    assert len({drawn for _, drawn in seen}) == 6
    plain = training.fit(linear_net(), digits, epochs=2, batch_size=80)
    assert history.train_accuracy == plain.train_accuracy  # the order stays the same
    assert history.train_loss == pytest.approx(plain.train_loss, rel=1e-5)


def test_another_loss_is_taken(digits):
    doubled, rate = linear_net(), {"epochs": 1, "momentum": 0.0, "batch_size": 200}
    training.fit(doubled, digits, loss=lambda *a: 2 * F.cross_entropy(*a), **rate)
    plain = linear_net()
    training.fit(plain, digits, learning_rate=0.1, **rate)
    torch.testing.assert_close(doubled[1].weight, plain[1].weight)


def test_training_stops_when_it_is_told_to(digits):
    history = training.fit(
        linear_net(), digits, epochs=9, stop=lambda epoch: epoch == 2
    )
    assert len(history.train_loss) == 2


def test_mean_loss_is_that_of_torch(digits):
    net = small_net().eval()
    expected = F.cross_entropy(net(digits[0]), digits[1]).item()
    assert training.mean_loss(net.train(), digits) == pytest.approx(expected, rel=1e-5)
    assert net.training


def test_history_counts_what_happened(digits):
    history = training.fit(small_net(), digits, digits, epochs=3)
    assert len(history.train_loss) == len(history.test_accuracy) == 3
    assert history.train_loss[-1] < history.train_loss[0]
    assert not history.diverged
    assert "3 epochs" in str(history) and "test accuracy" in str(history)


def test_no_epochs_leave_the_net_as_it_is(digits):
    net = small_net()
    history = training.fit(net, digits, epochs=0)
    assert history.train_loss == [] and str(history)
    for a, b in zip(net.parameters(), small_net().parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_order_depends_on_the_seed_and_on_lectures_seed(digits, monkeypatch):
    def first_weight(seed):
        net = small_net()
        training.fit(net, digits, epochs=1, seed=seed)
        return net[0][0].weight[0, 0, 0, 0].item()

    weight = first_weight(0)
    assert first_weight(0) == weight != first_weight(1)
    monkeypatch.setenv("LECTURES_SEED", "1")
    assert first_weight(0) != weight


@pytest.mark.parametrize("learning_rate", [1e6, 1e30, math.inf])
@pytest.mark.parametrize("net", [small_net, linear_net])
def test_a_diverging_run_is_reported_as_diverged_never_as_a_number(
    digits, net, learning_rate
):
    history = training.fit(
        net(), digits, digits, epochs=3, batch_size=50, learning_rate=learning_rate
    )
    assert history.diverged
    assert math.isnan(history.train_loss[-1]) and math.isnan(history.train_accuracy[-1])
    assert math.isnan(history.test_accuracy[-1])
    assert str(history).startswith("diverged in epoch")


def test_weights_that_are_lost_in_the_last_step_count_as_diverged(digits):
    one_step = {"epochs": 1, "batch_size": 200, "learning_rate": math.inf}
    assert training.fit(linear_net(), digits, digits, **one_step).diverged


def test_an_infinite_logit_has_no_accuracy(digits):
    net = linear_net()
    nn.init.constant_(net[1].bias, math.inf)
    assert math.isnan(training.accuracy(net, digits))


def test_a_net_with_nan_has_no_accuracy(digits):
    net = small_net()
    nn.init.constant_(net[0][0].weight, math.nan)
    assert math.isnan(training.accuracy(net, digits))


def test_accuracy_is_counted_in_evaluation_mode_and_leaves_the_mode(digits):
    net = nn.Sequential(small_net(), nn.Dropout(0.9)).train()
    images, labels = digits
    expected = (net.eval()(images).argmax(1) == labels).double().mean().item()
    assert training.accuracy(net.train(), digits) == pytest.approx(expected)
    assert net.training


def test_batch_norm_statistics_do_not_move_in_evaluation(digits):
    net = nn.Sequential(nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(64, 10)).train()
    training.accuracy(net, digits)
    assert net[0].num_batches_tracked == 0


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (torch.zeros(5, 1, 8, 8), torch.zeros(4).long(), "do not belong together"),
        (torch.zeros(5, 1, 8, 8), torch.zeros(5, 1).long(), "do not belong together"),
        (torch.zeros(0, 1, 8, 8), torch.zeros(0).long(), "at least 1"),
        (torch.zeros(5, 1, 8, 8), torch.zeros(5), "expected torch.int64"),
        (torch.zeros(5, 1, 8, 8).numpy(), torch.zeros(5).long(), "as tensors: "),
        (torch.zeros(5, 1, 8, 8), torch.zeros(5).long().numpy(), "from_numpy"),
        (
            torch.zeros(5, 1, 8, 8).byte(),
            torch.zeros(5).long(),
            r"uint8 .*float\(\) / 255",
        ),
        (torch.zeros(5, 1, 8, 8).double(), torch.zeros(5).long(), "float64 .*float32"),
        (torch.zeros(5, 8, 8), torch.zeros(5).long(), r"\(5, 8, 8\).*images\[:, None"),
        (torch.zeros(5, 8, 8, 1), torch.zeros(5).long(), r"images.movedim\(3, 1\)"),
        (torch.zeros(5, 1, 9, 9), torch.zeros(5).long(), r"the net cannot take .*9, 9"),
        (torch.zeros(2, 1, 8, 8), torch.tensor([0, 10]), r"\[0, 10\].*expected 0 to 9"),
        (torch.zeros(2, 1, 8, 8), torch.tensor([0, -1]), r"\[-1, 0\].*expected 0 to 9"),
        (torch.zeros(2, 1, 8, 8), torch.tensor([0, -100]), "leave others out"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [training.fit, training.accuracy, training.mean_loss, training.gradient_norms],
)
def test_data_that_does_not_fit_is_named(use, images, labels, words):
    net = small_net()
    before = [weight.clone() for weight in net.parameters()]
    with pytest.raises(ValueError, match=words):
        use(net, (images, labels))
    assert all(torch.equal(*pair) for pair in zip(before, net.parameters()))


def test_a_last_batch_of_one_is_too_few_for_batch_norm(digits):
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(64), nn.Linear(64, 10))
    few = [part[:129] for part in digits]
    with pytest.raises(ValueError, match=r"\(1, 1, 8, 8\).*another batch_size"):
        training.fit(net, few, batch_size=128)
    assert math.isfinite(training.fit(net, few, batch_size=43).train_loss[-1])
    # Over the pixels of a picture there is something to take the mean of.
    history = training.fit(small_net(), few, epochs=1, batch_size=128)
    assert math.isfinite(history.train_loss[-1])


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_without_images_is_refused(digits, batch_size):
    with pytest.raises(ValueError, match=f"batch_size is {batch_size}: expected at"):
        training.fit(small_net(), digits, batch_size=batch_size)


def test_a_net_in_which_nothing_can_learn_is_named(digits):
    for net in (small_net().requires_grad_(False), nn.Flatten()):
        with pytest.raises(ValueError, match=r"no weight to train.*requires_grad_\(\)"):
            training.fit(net, digits)
    half = small_net()
    half[0].requires_grad_(False)
    kept = half[0][0].weight.clone()
    training.fit(half, digits, epochs=1)
    assert torch.equal(half[0][0].weight, kept)


def test_frozen_batch_norm_stays_frozen(digits):
    net = small_net().train()
    net[0][1].eval()
    training.accuracy(net, digits)
    assert net.training and not net[0][1].training


def test_gradient_norms_are_those_of_backward(digits):
    net = small_net().train()
    torch.manual_seed(1)  # of the dropout
    norms = training.gradient_norms(net, digits)
    images, labels = digits
    copy = small_net().train()
    torch.manual_seed(1)
    F.cross_entropy(copy(images), labels).backward()
    weights = {"0.0": copy[0][0].weight, "3": copy[3].weight}
    assert list(norms) == list(weights)
    for name, weight in weights.items():
        assert norms[name] == pytest.approx(weight.grad.pow(2).sum().sqrt().item())


def test_gradient_norms_leave_the_net_alone(digits):
    net = small_net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    training.gradient_norms(net, digits)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(before[name], v) for name, v in net.state_dict().items())


def test_interrupted_gradient_norms_leave_the_net_alone(digits):
    net = small_net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}

    def interrupt(*_):
        raise KeyboardInterrupt

    net[3].register_forward_hook(interrupt)  # after batch norm has seen the images
    with pytest.raises(KeyboardInterrupt):
        training.gradient_norms(net, digits)
    assert all(torch.equal(before[name], v) for name, v in net.state_dict().items())


def test_gradient_norms_of_frozen_layers_are_the_same(digits):
    net = small_net().eval()
    norms = training.gradient_norms(net, digits)
    assert training.gradient_norms(net.requires_grad_(False), digits) == norms
    assert not any(weight.requires_grad for weight in net.parameters())


@pytest.mark.parametrize("threads", [1, 2])
def test_nets_train_side_by_side_where_each_is_on_one_thread(threads):
    alone, both = threads > 1, threading.Barrier(2, timeout=10)

    def train(net: int, steps: int) -> tuple[int, int, bool]:
        main = threading.current_thread() is threading.main_thread()
        if not main:
            both.wait()
        return net, steps, main

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        trained = ll.many.two_at_a_time(train, [1, 2], [3, 4])
    finally:
        torch.set_num_threads(before)
    assert trained == [(1, 3, alone), (2, 4, alone)]
