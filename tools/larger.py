"""Training by several processes that share each batch, with `training.fit` as it is.

torchrun --nproc-per-node 2 -m tools.larger

Each process has all images and, by the seed, draws the same batches, of which it takes
its part. DistributedDataParallel puts the mean of their gradients, which is that of the
whole batch, into each. It prints the loss of each epoch, over all processes.
"""

import os

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

import lectures_lib as ll

IMAGES, EPOCHS = 2048, 2  # batches of 128, all whole


def net() -> nn.Module:
    """Without batch norm, which would see a part of the batch in each process."""
    first, second = nn.Conv2d(1, 16, 5, stride=2), nn.Conv2d(16, 32, 5, stride=2)
    last = nn.Linear(32 * 4 * 4, 10)
    return nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.Flatten(), last)


def main() -> None:
    device = ll.setup()
    if device.type == "cuda":  # one for each process
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    rank, processes = distributed.get_rank(), distributed.get_world_size()

    def part(images: Tensor, labels: Tensor, _: torch.Generator) -> ll.data.Labelled:
        return images[rank::processes], labels[rank::processes]

    model = net().to(device, memory_format=torch.channels_last)
    train = ll.data.fashion_mnist("train", IMAGES)
    shared = DistributedDataParallel(model)
    history = ll.training.fit(shared, train, epochs=EPOCHS, augment=part)
    losses = torch.tensor(history.train_loss, device=device)
    distributed.all_reduce(losses)
    if rank == 0:
        print([loss / processes for loss in losses.tolist()])
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
