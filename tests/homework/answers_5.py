"""Homework 5: answers that students give."""

import math

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll

# Ridge regression.


def ridge(X, y, penalty, fault=""):
    n, d = X.shape
    X_c, y_c = X - X.mean(0), y - y.mean()
    if fault == "features not centred":
        X_c = X
    if fault == "one mean":
        X_c = X - X.mean()
    strength = {"λ": penalty, "d": d * penalty}.get(fault, n * penalty)
    eye = 1 if fault == "everywhere" else torch.eye(d)
    gram = X_c.T @ X_c / (n if fault == "half divided" else 1)
    strength = penalty if fault == "half divided" else strength
    strength = 0 if fault == "no penalty" else strength
    theta = torch.linalg.solve(gram + strength * eye, X_c.T @ y_c)
    theta_0 = y.mean() - X.mean(0) @ theta
    if fault == "exchanged":
        theta_0, theta = theta, theta_0
    if fault == "θ₀ is the mean":
        theta_0 = y.mean()
    if fault == "θ₀ of centred":
        theta_0 = y_c.mean() - X_c.mean(0) @ theta
    if fault == "entry by entry":
        theta_0 = y.mean() - X.mean(0) * theta
    if fault == "one mean for θ₀":
        theta_0 = y.mean() - X.mean() * theta
    if fault == "one by one":
        theta = X_c.T @ y_c / ((X_c**2).sum(0) + n * penalty)
    if fault == "θ₀ plus":
        theta_0 = y.mean() + X.mean(0) @ theta
    return theta_0, theta


def ridge_on_all(X, y, penalty):
    n, d = X.shape
    X = torch.cat([torch.ones(n, 1), X], 1)
    gram = X.T @ X + n * penalty * torch.eye(d + 1)
    theta = torch.linalg.solve(gram, X.T @ y)
    return theta[0], theta[1:]


def ridge_in_double(X, y, penalty):
    X = X + 0.0
    n, d = X.shape
    X_c, y_c = X - X.mean(0), y - y.mean()
    eye = torch.eye(d, dtype=torch.float64)
    theta = torch.linalg.solve(X_c.T @ X_c + n * penalty * eye, X_c.T @ y_c)
    return y.mean() - X.mean(0) @ theta, theta


def ridge_in_place(X, y, penalty):
    middle, level = X.mean(0), y.mean()
    X -= middle
    y -= level
    theta = ridge(X, y, penalty)[1]
    return level - middle @ theta, theta


def ridge_of_wide(X, y, penalty):
    n = len(X)
    X_c, y_c = X - X.mean(0), y - y.mean()
    theta = torch.linalg.inv(X_c @ X_c.T + n * penalty * torch.eye(n)) @ X_c.T @ y_c
    return y.mean() - X.mean(0) @ theta, theta


def ridge_of_sklearn(X, y, penalty):
    fit = Ridge(alpha=len(X) * penalty).fit(X.numpy(), y.numpy())
    return fit.intercept_, torch.from_numpy(fit.coef_)


def ridge_of_library(X, y, penalty):
    theta_0, theta = ll.regularization.ridge(X.numpy(), y.numpy(), penalty)
    return theta_0, torch.from_numpy(theta)


def ridge_by_svd(X, y, penalty):
    left, sizes, right = torch.linalg.svd(X - X.mean(0), full_matrices=False)
    share = sizes / (sizes**2 + len(X) * penalty)
    theta = right.T @ (share * (left.T @ (y - y.mean())))
    return (y - X @ theta).mean().item(), theta


def ridge_with_a_free_column(X, y, penalty):
    n, d = X.shape
    X = torch.column_stack([X.new_ones(n), X]) / n**0.5
    strength = penalty * torch.eye(d + 1, dtype=X.dtype)
    strength[0, 0] = 0
    inverse = torch.linalg.inv(X.T @ X + strength)
    theta = inverse @ X.T @ y / n**0.5
    return theta[0], theta[1:]


def ridge_in_numpy(X, y, penalty):
    A, b = X.numpy(), y.numpy()
    A_c = A - A.mean(axis=0, keepdims=True)
    gram = np.einsum("ni,nj->ij", A_c, A_c)
    gram[np.diag_indices(len(gram))] += len(A) * penalty
    theta = np.linalg.solve(gram, A_c.T @ b)
    return float(b.mean() - A.mean(0) @ theta), torch.from_numpy(theta)


def with_fault(function, fault):
    return lambda *arguments: function(*arguments, fault)


# Dropout of channels.


def dropout(x, p, training, generator, fault=""):
    if not training and fault != "in use":
        return (1 - p) * x if fault == "scaled in use" else x
    n, channels = x.shape[:2]
    shape = {
        "pixels": x.shape,
        "one mask": (1, channels, 1, 1),
        "pictures": (n, 1, 1, 1),
    }.get(fault, (n, channels, 1, 1))
    if fault == "global":
        generator = None
    if fault == "seeded":
        generator = torch.Generator().manual_seed(0)
    uniform = torch.rand(shape, generator=generator)
    kept = uniform < p if fault == "keeps p" else uniform >= p
    scale = {"no scale": 1, "over p": 1 / p, "times": 1 - p}.get(fault, 1 / (1 - p))
    if fault == "happened":
        scale = 1 / kept.float().mean()
    if fault == "in place":
        return x.mul_(kept * scale)
    if fault == "detached":
        x = x.detach()
    return x * kept * scale


def dropout_of_a_fixed_number(x, p, training, generator):
    out = x / (1 - p) if training else x
    for picture in out if training else ():
        order = torch.randperm(len(picture), generator=generator)
        picture[order[: round(p * len(picture))]] = 0
    return out


def dropout_by_bernoulli(x, p, training, generator):
    if training:
        keep = torch.full(x.shape[:2], 1 - p).bernoulli(generator=generator)
        x = torch.einsum("nchw,nc->nchw", x, keep / (1 - p))
    return x


def dropout_in_loops(x, p, training, generator):
    out = x.clone()
    if not training:
        return out
    for picture in range(len(x)):
        for channel in range(x.shape[1]):
            if torch.rand((), generator=generator) < p:
                out[picture, channel] = 0
            else:
                out[picture, channel] = x[picture, channel] / (1 - p)
    return out


def dropout_where(x, p, training, generator):
    off = torch.rand(len(x), x.size(1), generator=generator)[..., None, None] < p
    scaled = torch.where(off, torch.zeros_like(x), x.div(1 - p))
    return scaled if training else x.clone()


# AdamW.


def adamw(w, g, m, s, t, rate, decay, fault=""):
    old_m, old_s = m, s
    if fault == "L2":
        g = g + decay * w
    if fault == "in place":
        m.mul_(0.9).add_(g, alpha=0.1)
    elif fault == "momentum":
        m = 0.9 * m + g
    elif fault == "exchanged":
        m = 0.1 * m + 0.9 * g
    else:
        m = 0.9 * m + 0.1 * g
    s = 0.999 * s + 0.001 * (g if fault == "no square" else g**2)
    t = {"from 0": t - 1, "no t": 1}.get(fault, t)
    m_hat, s_hat = m / (1 - 0.9**t), s / (1 - 0.999**t)
    if fault == "old direction":
        m_hat, s_hat = old_m / (1 - 0.9**t), old_s / (1 - 0.999**t)
    if fault == "product":
        m_hat, s_hat = m / (1 - 0.9 * t), s / (1 - 0.999 * t)
    if fault == "no correction":
        m_hat, s_hat = m, s
    if fault == "returns corrected":
        m, s = m_hat, s_hat
    root = (s_hat + 1e-8).sqrt() if fault == "ε inside" else s_hat.sqrt() + 1e-8
    u = m_hat / (s_hat + 1e-8 if fault == "no root" else root)
    m = old_m if fault == "old m" else m
    s = old_s if fault == "old s" else s
    if fault == "w last":
        return m, s, (1 - rate * decay) * w - rate * u
    if fault == "up":
        return w + rate * u, m, s
    if fault == "no rate":
        return (1 - decay) * w - rate * u, m, s
    if fault == "after":
        return (1 - rate * decay) * (w - rate * u), m, s
    if fault == "no decay":
        return w - rate * u, m, s
    if fault == "grows":
        return (1 + rate * decay) * w - rate * u, m, s
    if fault == "through":
        u = u + decay * w / root
        return w - rate * u, m, s
    return (1 - rate * decay) * w - rate * u, m, s


def adamw_in_place(w, g, m, s, t, rate, decay):
    return adamw(w, g, m, s, t, rate, decay, "in place")


def adamw_of_torch(w, g, m, s, t, rate, decay):
    w = nn.Parameter(w.clone())
    w.grad = g
    optimizer = torch.optim.AdamW([w], lr=rate, weight_decay=decay)
    optimizer.state[w] = {
        "step": torch.tensor(t - 1.0),
        "exp_avg": m.clone(),
        "exp_avg_sq": s.clone(),
    }
    optimizer.step()
    state = optimizer.state[w]
    return w.detach(), state["exp_avg"], state["exp_avg_sq"]


def adamw_by_lerp(w, g, m, s, t, rate, decay):
    m, s = torch.lerp(m, g, 0.1), torch.lerp(s, g.square(), 0.001)
    below = s.sqrt() / math.sqrt(1 - 0.999**t) + 1e-8
    shrunk = w * (1 - rate * decay)
    return torch.addcdiv(shrunk, m, below, value=-rate / (1 - 0.9**t)), m, s


def adamw_in_place_of_copies(w, g, m, s, t, rate, decay):
    w, m, s = w.clone(), m.clone(), s.clone()
    w -= rate * decay * w
    m.mul_(0.9).add_(g, alpha=0.1)
    s.mul_(0.999).addcmul_(g, g, value=0.001)
    w.addcdiv_(m / (1 - 0.9**t), (s / (1 - 0.999**t)).sqrt().add_(1e-8), value=-rate)
    return [w, m, s]


# CutMix.


def cutmix(images, targets, other, box, fault=""):
    top, left, height, width = box
    if fault == "exchanged":
        top, left, height, width = left, top, width, height
    if fault == "width first":
        height, width = width, height
    bottom, right = top + height, left + width
    if fault == "ends":
        bottom, right = height, width
    if fault == "one more":
        bottom, right = bottom + 1, right + 1
    mixed = images if fault == "in place" else images.clone()
    patches = images[other][:, :, top:bottom, left:right]
    if fault == "black":
        patches = 0
    if fault == "corner":
        patches = images[other][:, :, :height, :width]
    if fault == "axes":
        mixed[:, top:bottom, left:right] = images[other][:, top:bottom, left:right]
    elif fault == "chained":
        for number, source in enumerate(other.tolist()):
            patches = mixed[source, :, top:bottom, left:right].clone()
            mixed[number, :, top:bottom, left:right] = patches
    elif fault == "given away":
        mixed[other, :, top:bottom, left:right] = images[:, :, top:bottom, left:right]
    elif fault == "added":
        mixed[:, :, top:bottom, left:right] += patches
    elif fault == "mixup":
        mixed = images.lerp(images[other], height * width / images[0, 0].numel())
    else:
        mixed[:, :, top:bottom, left:right] = patches
    if fault == "inside out":
        mixed = images + images[other] - mixed
    area = images[0].numel() if fault == "channels" else images[0, 0].numel()
    area = images.numel() if fault == "all pixels" else area
    share = height * width // area if fault == "rounded" else height * width / area
    if fault == "wrong axes":
        share = height * width / (images.shape[1] * images.shape[2])
    if fault == "shares":
        share = 1 - share
    if fault == "half":
        share = 0.5
    if fault == "pixels":
        share = height * width
    if fault == "more than one":
        return mixed, targets + share * targets[other]
    if fault == "labels":
        return mixed, targets
    return mixed, (1 - share) * targets + share * targets[other]


def cutmix_by_mask(images, targets, other, box):
    top, left, height, width = box
    mask = torch.zeros_like(images[0, 0])
    mask[top : top + height, left : left + width] = 1
    mixed = (1 - mask) * images + mask * images.index_select(0, other)
    return mixed, torch.lerp(targets, targets[other], mask.mean().item())


def cutmix_in_loops(images, targets, other, box):
    top, left, height, width = box
    mixed, labels = images.clone(), targets.clone()
    area = images.shape[2] * images.shape[3]
    for i in range(len(images)):
        for row in range(top, top + height):
            for column in range(left, left + width):
                mixed[i, :, row, column] = images[other[i], :, row, column]
                labels[i] += (targets[other[i]] - targets[i]) / area
    return mixed, labels


def cutmix_by_padding(images, targets, other, box):
    top, left, height, width = box
    rows, columns = images.shape[-2:]
    inside = F.pad(
        torch.ones(height, width),
        (left, columns - left - width, top, rows - top - height),
    ).bool()
    share = inside.float().mean()
    mixed = torch.where(inside, images[other], images)
    return mixed, share * targets[other] + targets - share * targets


def decay_by_exp(w, g, m, s, t, rate, decay):
    stepped, m, s = adamw(w, g, m, s, t, rate, 0.0)
    return stepped + (math.exp(-rate * decay) - 1) * w, m, s


def seeded_again(x, p, training, generator):
    own = torch.Generator().manual_seed(generator.initial_seed())
    return dropout(x, p, training, own)


def share_of_changed(images, targets, other, box):
    "The share of the pixels whose number has changed: equal ones are missed."
    mixed, _ = cutmix(images, targets, other, box)
    share = (mixed != images).float().mean()
    return mixed, torch.lerp(targets, targets[other], share)


WRONG = {
    "ridge": [
        (with_fault(ridge, "λ"), "meets n times λ"),
        (with_fault(ridge, "no penalty"), "without any penalty"),
        (ridge_on_all, "you penalise the intercept too"),
        (with_fault(ridge, "features not centred"), "the features are not"),
        (with_fault(ridge, "half divided"), "times too large"),
        (with_fault(ridge, "everywhere"), "only the diagonal"),
        (with_fault(ridge, "d"), "with the number of features"),
        (with_fault(ridge, "one mean"), "centred by one mean"),
        (with_fault(ridge, "exchanged"), "θ₀ comes first"),
        (with_fault(ridge, "θ₀ is the mean"), "features of mean zero only"),
        (with_fault(ridge, "θ₀ of centred"), "the mean of what is centred"),
        (with_fault(ridge, "entry by entry"), "multiplies entry by entry"),
        (with_fault(ridge, "one mean for θ₀"), "✓ θ minimises"),
        (with_fault(ridge, "one by one"), "only the diagonal of XᶜᵀXᶜ"),
        (with_fault(ridge, "θ₀ plus"), "should be taken off"),
        (ridge_of_wide, "it raises RuntimeError"),
        (ridge_in_double, "it raises RuntimeError"),
        (ridge_in_place, "changes its argument number 1 in place"),
        (ridge_of_sklearn, "write that yourself"),
        (ridge_of_library, "write that yourself"),
        (lambda X, y, penalty: ridge(X, y, penalty)[1], "expected θ₀ and θ"),
    ],
    "july": [
        (1, "makes the waves of the training days"),
        (2, "measured on the training days"),
        (3, "the dots follow the seasons"),
        (4, "are they then treated alike"),
        (6, "Which features?"),
        ("5", "expected the number of a line"),
        (7, "expected the number of a line"),
    ],
    "dropout": [
        (seeded_again, "a second call with the same generator"),
        (with_fault(dropout, "pixels"), "a number for each pixel"),
        (with_fault(dropout, "one mask"), "one mask for the whole batch"),
        (with_fault(dropout, "pictures"), "or none: draw for each"),
        (with_fault(dropout, "keeps p"), "you keep with probability p"),
        (lambda x, p, training, g: dropout(x, 0.5, training, g), "with p = 0.3"),
        (with_fault(dropout, "no scale"), "scale in training"),
        (with_fault(dropout, "over p"), "is divided by p"),
        (with_fault(dropout, "happened"), "not by what happened to be kept"),
        (with_fault(dropout, "times"), "multiplied by 1 − p"),
        (with_fault(dropout, "global"), "not from the one that is given"),
        (with_fault(dropout, "seeded"), "is a seed fixed"),
        (with_fault(dropout, "in use"), "still drops channels"),
        (with_fault(dropout, "scaled in use"), "in evaluation x is multiplied"),
        (dropout_of_a_fixed_number, "so that the number varies"),
        (with_fault(dropout, "in place"), "changes its argument number 1 in place"),
        (with_fault(dropout, "detached"), "no gradient flows through"),
        (lambda x, p, training, g: F.dropout2d(x, p, training), "write that yourself"),
        (lambda x, p, training, g: x, "in training nothing is dropped"),
    ],
    "adamw_step": [
        (decay_by_exp, "multiplied by exp(−ηδ)"),
        (with_fault(adamw, "L2"), "which makes it an L2 penalty"),
        (with_fault(adamw, "momentum"), "without the factor"),
        (with_fault(adamw, "exchanged"), "0.9 and 0.1 are exchanged"),
        (with_fault(adamw, "returns corrected"), "Return it uncorrected"),
        (with_fault(adamw, "no square"), "its square is meant"),
        (with_fault(adamw, "no correction"), "bias correction is missing"),
        (with_fault(adamw, "product"), "stands a power"),
        (with_fault(adamw, "from 0"), "steps are counted from 1"),
        (with_fault(adamw, "no root"), "the root of s is missing"),
        (with_fault(adamw, "up"), "the step goes up"),
        (with_fault(adamw, "no rate"), "not multiplied by the learning rate"),
        (with_fault(adamw, "after"), "the decay also shrinks the step"),
        (with_fault(adamw, "no decay"), "nothing decays"),
        (with_fault(adamw, "grows"), "the weights grow"),
        (with_fault(adamw, "through"), "it must go past Adam"),
        (with_fault(adamw, "ε inside"), "stands under the root"),
        (with_fault(adamw, "in place"), "changes its argument number 3 in place"),
        (adamw_in_place, "argument number 3 in place (`m`)"),
        (with_fault(adamw, "old direction"), "made of the old m and s"),
        (with_fault(adamw, "old m"), "m is returned as it was given"),
        (with_fault(adamw, "old s"), "s is returned as it was given"),
        (with_fault(adamw, "w last"), "the order is w, m, s"),
        (with_fault(adamw, "no t"), "the correction has no t"),
        (adamw_of_torch, "write that yourself"),
    ],
    "early_stopping": [
        ([4, 9, 5, 2, 10, 7, 8, 3, 1, 6], "your counter is already 1"),
        ([4, 9, 5, 2, 8, 3, 1, 10, 7, 6], "gives up before it looks"),
        ([4, 9, 2, 5, 8, 10, 7, 3, 1, 6], "not those whose loss was measured"),
        ([4, 9, 2, 8, 10, 7, 3, 1, 5, 6], "has learned is never measured"),
        ([6, 4, 9, 5, 2, 8, 10, 7, 3, 1], "`kept` is used before"),
        ([4, 9, 5, 2, 8, 3, 7, 10, 1, 6], "`kept` is used before"),
        ([4, 5, 9, 2, 8, 10, 7, 3, 1, 6], "Python cannot read line 5"),
        ([4, 9, 5, 2, 8, 10, 7, 3, 1], "each of 1 to 10 once"),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "Python cannot read line 1"),
    ],
    "cutmix": [
        (share_of_changed, "the targets: "),
        (with_fault(cutmix, "exchanged"), "rows and columns are exchanged"),
        (with_fault(cutmix, "width first"), "height comes before width"),
        (with_fault(cutmix, "given away"), "the boxes go the wrong way"),
        (with_fault(cutmix, "added"), "the two pictures are added"),
        (with_fault(cutmix, "mixup"), "that is mixup"),
        (with_fault(cutmix, "all pixels"), "counts the pixels of all pictures"),
        (with_fault(cutmix, "rounded"), "`//` rounds"),
        (with_fault(cutmix, "ends"), "not where it ends"),
        (with_fault(cutmix, "one more"), "one row and one column more"),
        (with_fault(cutmix, "chained"), "had been pasted over"),
        (with_fault(cutmix, "inside out"), "inside and outside are exchanged"),
        (with_fault(cutmix, "axes"), "rows are the third"),
        (with_fault(cutmix, "black"), "that is cutout"),
        (with_fault(cutmix, "corner"), "upper left corner"),
        (lambda images, targets, other, box: (images, targets), "as before"),
        (with_fault(cutmix, "in place"), "changes its argument number 1 in place"),
        (with_fault(cutmix, "shares"), "it owns the box, not the rest"),
        (with_fault(cutmix, "labels"), "the box has a label, too"),
        (with_fault(cutmix, "half"), "count by the pixels"),
        (with_fault(cutmix, "channels"), "counts channels as pixels"),
        (with_fault(cutmix, "wrong axes"), "rows · columns pixels"),
        (with_fault(cutmix, "pixels"), "divide by the picture's"),
        (with_fault(cutmix, "more than one"), "no longer sum to one"),
    ],
}

RIGHT = {
    "ridge": [ridge, ridge_by_svd, ridge_with_a_free_column, ridge_in_numpy],
    "july": [5],
    "dropout": [dropout, dropout_by_bernoulli, dropout_in_loops, dropout_where],
    "adamw_step": [adamw, adamw_by_lerp, adamw_in_place_of_copies],
    "early_stopping": [
        [4, 9, 5, 2, 8, 10, 7, 3, 1, 6],
        [4, 9, 8, 5, 2, 10, 7, 3, 1, 6],
        [4, 9, 5, 8, 2, 10, 7, 3, 1, 6],
    ],
    "cutmix": [cutmix, cutmix_by_mask, cutmix_in_loops, cutmix_by_padding],
}
