"""Homework 5: what only the grading sees."""

import torch

from lectures_lib.homework import ask, same, task

SEEDS = (11, 12, 13)  # of further instances


@task(points=5)
def adamw_step(draw, adamw_step):
    weights = torch.nn.Parameter(torch.randn(3, 4, generator=draw))
    optimizer = torch.optim.AdamW([weights], lr=0.01, weight_decay=0.3)
    w, m, s = weights.detach().clone(), torch.zeros(3, 4), torch.zeros(3, 4)
    for t in range(1, 11):
        weights.grad = torch.randn(3, 4, generator=draw)
        optimizer.step()
        w, m, s = ask(adamw_step, w, weights.grad, m, s, t, 0.01, 0.3)
    same(w, weights, {}, "w after ten steps")
    yield 5, "ten steps are those of torch.optim.AdamW"
