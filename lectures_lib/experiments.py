"""The experiments whose runs are recorded: too long to run live, or over many seeds.

`make audit` runs each over its seeds and writes data/results; `results.load` reads it.
"""

from . import data, models, training
from .environment import seed_everything

DEPTHS = (8, 20, 32, 44, 56)
SIZES = (250, 500, 1000, 2000, 4000, 8000)
BUDGETS = (6, 12, 24, 48)
STEPS = 1512  # 24 epochs of 8,000 images in batches of 128


def plain_net(depth: int, seed: int):
    """The plain net of notebook 01: three stages of 8, 16 and 32 channels, 7×7 maps."""
    seed_everything(seed)
    return models.cifar_net(depth, "plain", width=8, stem_stride=4)


def degradation(seed: int) -> dict:
    """Errors after each of eight epochs on 2,000 images, with 20 and with 56 layers."""
    train = data.fashion_mnist("train", 2000, seed)
    test = data.fashion_mnist("test")
    errors = {}
    for depth in (20, 56):
        net = plain_net(depth, seed)
        history = training.fit(net, train, test, epochs=8, learning_rate=0.1, seed=seed)
        errors[f"train {depth}"] = [1 - a for a in history.train_accuracy]
        errors[f"test {depth}"] = [1 - a for a in history.test_accuracy]
    return errors


def budgets(seed: int) -> dict:
    """Errors after 6, 12, 24 and 48 epochs on 8,000 images, each a training anew."""
    train, test = data.fashion_mnist("train"), data.fashion_mnist("test")
    errors = {f"{split} {depth}": [] for depth in (20, 56) for split in SPLITS}
    for depth in (20, 56):
        for epochs in BUDGETS:
            net = plain_net(depth, seed)
            training.fit(net, train, epochs=epochs, learning_rate=0.1, seed=seed)
            errors[f"train {depth}"].append(1 - training.accuracy(net, train))
            errors[f"test {depth}"].append(1 - training.accuracy(net, test))
    return errors


def set_sizes(seed: int) -> dict:
    """Errors for each depth and number of training images, always the same steps."""
    test = data.fashion_mnist("test")
    errors = {f"{split} {depth}": [] for depth in DEPTHS for split in SPLITS}
    for depth in DEPTHS:
        for n in SIZES:
            train = data.fashion_mnist("train", n, seed)
            net = plain_net(depth, seed)
            epochs = round(STEPS / -(-n // 128))
            training.fit(net, train, epochs=epochs, learning_rate=0.1, seed=seed)
            errors[f"train {depth}"].append(1 - training.accuracy(net, train))
            errors[f"test {depth}"].append(1 - training.accuracy(net, test))
    return errors


SPLITS = ("train", "test")

# Each with the number of seeds over which it is recorded, by notebook.
RECORDED = {"01": {degradation: 40, budgets: 5, set_sizes: 3}}
