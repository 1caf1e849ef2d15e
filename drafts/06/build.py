import sys
sys.path.insert(0, str(__import__("pathlib").Path(__file__).parent))
import lib
from lib import md, code

md("title", "slide", r"""
# 06 · Graph networks: points that know each other

**The question.** So far every picture stood alone. People, atoms and papers do not: they have friends, bonds, references. Can a net use these links, and do the lessons about depth come back?

**Afterwards you can** measure whether links say anything about labels, write a graph convolution by hand, swap its rule, say what it has in common with an ordinary convolution, and find out what more layers do to such a net.

About 100 minutes to work through; the cells themselves run in half a minute on two cores.
""")
code("setup", "skip", r"""
from dataclasses import replace

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll

device = ll.setup(threads=1)
""")
md("recall", "slide", r"""
## Two questions from notebook 05

Answer each aloud before you open it.

<details><summary>1. Which of these changes the data, and which the architecture: dropout, mixup, weight decay?</summary>
Mixup changes the data, dropout the architecture. Weight decay changes the training: it is a penalty on the weights.
</details>

<details><summary>2. Why may a method that raises the training error be worth it?</summary>
Because only the error on new data counts. A regularizer may cost some of the one to lower the other.
</details>
""")
md("beliefs", "subslide", r"""
### What many believe at this point

- "The more layers, the farther a node hears, the better."
- "A graph is just a table of zeros and ones: feed it to any net."
- "The order of the nodes matters, as the order of pixels does."
- "A graph convolution can do all that a convolution can."
- "It knows what kind of link joins two nodes."

Which of these do you hold? Each is put to the test below.
""")

# ---------------------------------------------------------------- N1
md("n1", "slide", r"""
<a id="N1"></a>
## Three kinds of relation

- **Zachary's karate club** (1977): 34 members; a link is a friendship. The club split in two: who went with whom?
- **Caffeine**, a molecule: 14 heavy atoms; a link is a bond.
- **`debian-science`**: 2,284 science programs of the Debian system, in nine fields. A link: one needs the other, or both need the same rare one. Features: the words of a one-line description. It is built like a network of papers that cite each other.

**Question.** Take two linked programs. How often are they of the same field?
""")
code("n1-predict", "-", r"""
same_guess = ll.widgets.Predict(
    "Two programs at random are of one field in 24 % of cases. Two linked ones: in …",
    ["about as many", "about 40 %", "over 60 %"],
)
same_guess
""")
code("n1-load", "subslide", r"""
club, programs = ll.data.karate_club(), ll.data.debian_science()
for name, graph in {"club": club, "programs": programs}.items():
    nodes, links = len(graph.y), graph.edge_index.shape[1] // 2
    print(f"{name}: {nodes} nodes, {links} links, {len(graph.classes)} classes")
print("in both directions:", club.edge_index[:, :4].tolist(), "…")
print("fields:", ", ".join(programs.classes))
""")
code("n1-molecule", "skip", r"""
atoms = "NCNCCCNCNCCCOO"  # caffeine, without its hydrogen
bonds = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (4, 6), (6, 7), (7, 8)]
bonds += [(8, 3), (0, 9), (2, 10), (6, 11), (1, 12), (5, 13)]
caffeine = nx.Graph(bonds)
star = programs.nodes.index("qgis")
near = programs.edge_index[1, programs.edge_index[0] == star].tolist()
around = nx.Graph(programs.edge_index.T.tolist()).subgraph([star, *near])
""")
code("n1-picture", "subslide", r"""
def draw(ax, graph, colors, title, labels=None):
    "A graph with colored nodes, laid out by networkx."
    places = nx.kamada_kawai_layout(graph)
    nx.draw_networkx_edges(graph, places, ax=ax, edge_color=ll.figures.GREY)
    look = {"node_size": 260, "edgecolors": ll.figures.INK}
    nx.draw_networkx_nodes(graph, places, ax=ax, node_color=colors, **look)
    nx.draw_networkx_labels(graph, places, labels or {}, ax=ax, font_size=11)
    ax.set_title(title)
    ax.axis("off")


palette = [ll.figures.SKY, ll.figures.ORANGE, ll.figures.GREEN]
palette += [ll.figures.PINK, ll.figures.YELLOW, "white", "lightgrey", "tan", "plum"]
""")
code("n1-draw", "subslide", r"""
fig, axes = plt.subplots(1, 3, figsize=(9, 3.6))
friends = nx.Graph(club.edge_index.T.tolist())
draw(axes[0], friends, [palette[club.y[n]] for n in friends], "karate club")
element = dict(zip("CNO", ["white", *palette]))
kinds = [element[atoms[n]] for n in caffeine]
draw(axes[1], caffeine, kinds, "caffeine", dict(enumerate(atoms)))
fields = [palette[int(programs.y[n] != programs.y[star])] for n in around]
draw(axes[2], around, fields, "“qgis”: its field, others", {star: "q"})
ll.figures.show(
    fig,
    alt="Three graphs. The karate club, whose two sides are linked mostly within; the "
    "rings of caffeine; the neighbours of the program qgis, many of one field.",
)
""")
code("n1-measure", "subslide", r"""
def agreement(graph, labels):
    "The share of links whose two ends have the same label."
    source, target = graph.edge_index
    return (labels[source] == labels[target]).float().mean().item()


dice = ll.environment.generator(0)
agree, shuffled = {}, {}
for name, graph in {"club": club, "programs": programs}.items():
    agree[name] = agreement(graph, graph.y)
    orders = [torch.randperm(len(graph.y), generator=dice) for _ in range(200)]
    shuffled[name] = [agreement(graph, graph.y[order]) for order in orders]
""")
code("n1-agree", "subslide", r"""
fig, axes = plt.subplots(1, 2, figsize=(9, 3))
for ax, name in zip(axes, agree):
    ax.hist(shuffled[name], 20, color=ll.figures.GREY)
    ax.axvline(agree[name], color=ll.figures.BLUE, linewidth=3)
    ll.figures.label(ax, (agree[name], 3), "true", "left", color=ll.figures.BLUE)
    ax.set(title=name, xlim=(0, 1), yticks=[], xlabel="links within a class")
axes[0].text(0.02, 12, "shuffled", color=ll.figures.GREY)
ll.figures.show(
    fig,
    alt="Share of links within a class, and a histogram of it for shuffled labels. "
    "In both graphs the true share lies far to the right of all shuffles.",
)
""")
code("n1-claim", "subslide", r"""
gap = {name: agree[name] - max(shuffled[name]) for name in agree}
ll.claims.claim(
    "N1",
    "links join nodes of one label far more often than in any of 200 shuffles",
    min(gap.values()) > 0.1,
    margin=min(gap.values()) - 0.1,
    **gap,
)
""")
code("n1-compare", "-", r"""
level = int(np.digitize(agree["programs"], [0.32, 0.5]))
same_guess.compare(same_guess.options[level])
""")
md("n1-words", "-", r"""
**In words.** Who is linked is alike: the word for it is **homophily**. Nothing forces it. In caffeine only 2 of 15 bonds join atoms of one element; among all pairs of its atoms it is two in five.
""")

# ---------------------------------------------------------------- N2, N3
md("n2", "slide", r"""
<a id="N2"></a><a id="N3"></a>
## Words alone, words and links

**The task.** 20 programs of each field have a label; find the field of 360 others, 40 of each. Guessing gives 11 %.

**Question.** One net reads only the words of a program. Another, with the same number of weights, may also listen to the linked programs. What does that gain?
""")
code("n2-predict", "-", r"""
links_guess = ll.widgets.Predict(
    "Points of test accuracy that the links add:",
    ["none: the words say it all", "about 5", "more than 10"],
)
links_guess
""")
md("n2-net", "subslide", r"""
### The same net, with and without links

`ll.graphs.GCN`, a graph convolutional network, is the net of the next sections: two layers, each a linear map and a mixing with the neighbours. On a graph *without links* nothing is mixed, and it is a multilayer perceptron (MLP). So the comparison is fair: same net, start, data and steps.
""")
code("n2-train", "-", r"""
without_links = replace(programs, edge_index=programs.edge_index[:, :0])


def trained(graph, seed=0, **options):
    "A GCN after 200 steps, and its accuracy on the test nodes."
    ll.environment.seed_everything(seed)
    net = ll.graphs.GCN(graph.x.shape[1], 16, len(graph.classes), **options)
    history = ll.graphs.fit(net, graph, seed=seed)
    return net, history.test_accuracy[-1]


mlp, gcn = (
    np.array([trained(graph, seed)[1] for seed in range(5)])
    for graph in (without_links, programs)
)
""")
code("n2-picture", "fragment", r"""
fig, ax = plt.subplots(figsize=(9, 2.4))
for row, found in enumerate((mlp, gcn)):
    ax.plot(100 * found, [row] * 5, "|", markersize=16, color=ll.figures.GREY)
    ax.plot(100 * found.mean(), row, "o", markersize=11, color=ll.figures.BLUE)
ax.axvline(100 / 9, linestyle=":", color=ll.figures.INK)
ax.set(yticks=[0, 1], yticklabels=["words", "words and links"], ylim=(1.6, -0.6))
ax.set(xlim=(0, 80), xlabel="test accuracy in % (dotted: guessing; five starts)")
ll.figures.show(
    fig,
    alt="Test accuracy of five nets that read words, and of five that also hear linked "
    "programs. Guessing is at the far left, words in the middle, links to the right.",
)
""", ignore=True)
code("n2-claim", "subslide", r"""
ll.claims.claim(
    "N2",
    "words alone: over three times as good as guessing",
    mlp.mean() > 3 / 9,
    margin=mlp.mean() - 3 / 9,
    mlp=mlp,
)
""")
code("n3-claim", "-", r"""
ll.claims.claim(
    "N3",
    "links add more than five points to that",
    gcn.mean() - mlp.mean() > 0.05,
    margin=gcn.mean() - mlp.mean() - 0.05,
    mlp=mlp,
    gcn=gcn,
)
""")
code("n2-compare", "-", r"""
added = 100 * (gcn - mlp).mean()
links_guess.compare(links_guess.options[int(np.digitize(added, [2, 10]))])
""", ignore=True)
md("n2-words", "skip", r"""
**In words.** The words of one line give half of the fields, the links bring about fifteen points more. On Cora, a network of papers, links help as well (below).

**Try it.** In the cell that begins with `without_links`, in the line that begins with `for graph in`, write `replace(programs, edge_index=programs.edge_index[:, ::2])` for `programs`. A quarter of the links still go both ways, half of them one way, a quarter are gone. How much is lost? Change it back.

<details><summary>Answer</summary>
N2_TRY
</details>
""")

# ---------------------------------------------------------------- N4
md("n4", "slide", r"""
<a id="N4"></a>
## Are links features?

**An idea.** The adjacency matrix is a table of zeros and ones: $A_{ij} = 1$ where $i$ and $j$ are linked. Feed row $i$ to an MLP as the features of node $i$!

**Question.** It is trained and tested. Then the nodes get new numbers, nothing else: the same graph, another order. What becomes of its accuracy, without new training?
""")
code("n4-predict", "-", r"""
order_guess = ll.widgets.Predict(
    "After new numbers for the nodes, the MLP on rows of A is right …",
    ["as often as before", "a little less often", "no more often than by guessing"],
)
order_guess
""")
code("n4-rows", "subslide", r"""
nodes = len(programs.y)
A = ll.graphs.adjacency(programs.edge_index, nodes)  # sparse, (2284, 2284)
rows = replace(without_links, x=A)
row_net, _ = trained(rows)
gcn_net, _ = trained(programs)

new = torch.randperm(nodes, generator=dice)  # node i gets the number new[i]
order = new.argsort()  # the node that has number 0, 1, …
""")
code("n4-renumber", "-", r"""
def renumbered(graph):
    "The same graph, its nodes in another order."
    sets = {k: new[getattr(graph, k)] for k in ("train", "validation", "test")}
    edges = new[graph.edge_index]
    x = graph.x.to_dense()[order].to_sparse_csr()
    return replace(graph, x=x, y=graph.y[order], edge_index=edges, **sets)


other = renumbered(programs)
other_rows = replace(
    renumbered(rows), x=ll.graphs.adjacency(other.edge_index, nodes)
)
""")
code("n4-test", "-", r"""
def test_accuracy(net, graph):
    right = ll.graphs.logits(net, graph).argmax(1) == graph.y
    return right[graph.test].float().mean().item()


by_order = {
    "rows of A": (test_accuracy(row_net, rows), test_accuracy(row_net, other_rows)),
    "GCN": (test_accuracy(gcn_net, programs), test_accuracy(gcn_net, other)),
}
for name, (before, after) in by_order.items():
    print(f"{name}: {before:.0%} before, {after:.0%} with new numbers")
""", ignore=True)
code("n4-claim-rows", "subslide", r"""
before, after = by_order["rows of A"]
ll.claims.claim(
    "N4",
    "rows of A as features: new numbers for the nodes cost over half of the accuracy",
    after < before / 2,
    margin=before / 2 - after,
    before=before,
    after=after,
)
""")
code("n4-claim", "-", r"""
answers = ll.graphs.logits(gcn_net, programs)
answers_other = ll.graphs.logits(gcn_net, other)
ll.claims.claim(
    "N4",
    "the trained GCN is equivariant: reorder the nodes, and its answers are reordered",
    torch.allclose(answers_other, answers[order], atol=1e-4),
    off_by=(answers_other - answers[order]).abs().max(),
)
""")
code("n4-compare", "-", r"""
level = 2 if after < 0.2 else 1 if after < 0.9 * before else 0
order_guess.compare(order_guess.options[level])
""", ignore=True)
md("n4-words", "-", r"""
**In words.** Column 17 means "linked to node 17". With other numbers it is another node. A net $f$ for graphs must not care. With $X$ the features, row $i$ for node $i$: $f(PX, PAP^\top) = P f(X, A)$ for every reordering $P$. (This is called **permutation equivariance**.) And a new node would be a new column: the MLP on rows could not even take it.

**Try it.** In the cell that begins with `nodes = len` write `new = torch.arange(nodes)`. What happens to the first claim? Change it back.

<details><summary>Answer</summary>
It falls: with the old numbers nothing is lost. Only the numbers made the difference.
</details>
""")

# ---------------------------------------------------------------- N5
md("n5", "slide", r"""
<a id="N5"></a>
## The layer by hand

Four nodes: a triangle 0, 1, 2, and node 3 that hangs on 2. A graph layer is what you know, a linear map and a non-linearity, plus a mixing with the neighbours:

$$H' = \text{ReLU}(\hat S H W + b), \qquad \hat S = \hat D^{-1/2} \hat A \hat D^{-1/2}, \quad \hat A = A + I$$

$H$: (nodes, in_features), $W$: (in_features, out_features). $\hat A$: each node is its own neighbour, too. $\hat D$: diagonal, the row sums of $\hat A$ (Kipf and Welling 2017).

**Question.** What is $\hat S_{23}$, the weight with which node 2 hears node 3?
""")
code("n5-predict", "-", r"""
weight_guess = ll.widgets.Predict(
    "Node 2 has three neighbours, node 3 one. Node 2 hears node 3 with the weight …",
    ["1/3", "1/4", "1/√8", "1/√3"],
)
weight_guess
""")
code("n5-by-hand", "subslide", r"""
links = torch.tensor([[0, 0, 1, 2], [1, 2, 2, 3]])
A_small = torch.zeros(4, 4)
A_small[links[0], links[1]] = A_small[links[1], links[0]] = 1
A_hat = A_small + torch.eye(4)
degrees = A_hat.sum(1)
S_small = A_hat / torch.sqrt(degrees[:, None] * degrees)
print("A + I:", *A_hat.int().tolist(), sep="\n  ")
print("degrees:", degrees.int().tolist())
print("S:", *[[round(s, 2) for s in row] for row in S_small.tolist()], sep="\n  ")
""")
code("n5-layer", "subslide", r"""
class GraphConvolution(nn.Module):
    "S H W + b: a linear map, mixed with the neighbours."

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, S, H):
        return S @ (H @ self.weight) + self.bias
""")
code("n5-claim-formula", "-", r"""
layer = GraphConvolution(3, 2)
H = torch.rand(4, 3)
by_sums = torch.zeros(4, 2)
for i in range(4):
    for j in range(4):
        if i == j or A_small[i, j]:
            by_sums[i] += H[j] @ layer.weight / (degrees[i] * degrees[j]).sqrt()
ll.claims.claim(
    "N5",
    "S H W: each node sums its neighbours and itself, each divided by √(dᵢ dⱼ)",
    torch.allclose(layer(S_small, H), by_sums + layer.bias, atol=1e-6),
)
""")
code("n5-claim-library", "subslide", r"""
both_ways = torch.cat([links, links.flip(0)], 1)
S_sparse = ll.graphs.normalize(both_ways, 4)
theirs = ll.graphs.GraphConvolution(3, 2)
theirs.load_state_dict(layer.state_dict())
ll.claims.claim(
    "N5",
    "the layer written here is the library's: the same matrix, the same result",
    torch.allclose(S_sparse.to_dense(), S_small, atol=1e-6)
    and torch.allclose(theirs(S_sparse, H), layer(S_small, H), atol=1e-6),
)
""")
code("n5-claim-mean", "-", r"""
row_mean = A_hat / degrees[:, None]  # D⁻¹ (A + I), as several tutorials compute it
ll.claims.claim(
    "N5",
    "⚠ D⁻¹(A + I) is another matrix: its rows sum to one, and it is not symmetric",
    torch.allclose(row_mean.sum(1), torch.ones(4))
    and not torch.allclose(row_mean, row_mean.T)
    and torch.allclose(S_small, S_small.T)
    and not torch.allclose(S_small.sum(1), torch.ones(4), atol=0.01),
)
""")
code("n5-claim-kinds", "subslide", r"""
pairs = torch.tensor(bonds).T
S_caffeine = ll.graphs.normalize(torch.cat([pairs, pairs.flip(0)], 1), 14).to_dense()
double, single = S_caffeine[3, 4], S_caffeine[4, 5]  # C=C, and the C–C beside it
ll.claims.claim(
    "N5",
    "⚠ a GCN sees no kind of link: caffeine's C=C weighs as much as the C–C beside it",
    torch.allclose(double, single) and double > 0,
    double=double,
    single=single,
)
""")
code("n5-compare", "-", r"""
heard = S_small[2, 3].item()
candidates = np.array([1 / 3, 1 / 4, 1 / 8**0.5, 1 / 3**0.5])
weight_guess.compare(weight_guess.options[np.abs(candidates - heard).argmin()])
""")
md("n5-words", "skip", r"""
**In words.** Node 2 has degree 4 with its own loop, node 3 has 2: $1/\sqrt{4 \cdot 2}$. A loop that is already in the data is counted once, not twice: `normalize` drops it first.

PyTorch Geometric's `GCNConv` computes the same; `tests/test_graphs.py` compares the two, with gradients.

**Try it.** In the cell that begins with `links = ` give node 3 a second link, to node 0. Which weights change?

<details><summary>Answer</summary>
All of node 3 and of node 0, whose degrees changed, in rows and columns. Nodes 1 and 2 hear each other as before. Change it back.
</details>
""")

# ---------------------------------------------------------------- N6
md("n6", "slide", r"""
<a id="N6"></a>
## Aggregate, then update

Every graph layer does two things: **aggregate** what the neighbours say, in a way that does not depend on their order (sum, mean, largest), and **update** the node with it. GCN: a weighted sum, itself included. **GraphSAGE** (Hamilton et al. 2017): $H' = H W + \text{agg}(A, H V) + b$, with weights of its own for the node and for the neighbours.

**Question.** A node has neighbours of two colors, 0 and 1. Three nodes hear $\{0, 1\}$, $\{0, 0, 1, 1\}$ and $\{0, 1, 1\}$. Which rule can tell all three apart? (Colors are written as (1, 0) and (0, 1).)
""")
code("n6-predict", "-", r"""
rule_guess = ll.widgets.Predict(
    "{0, 1}, {0, 0, 1, 1}, {0, 1, 1}: all three give different numbers with …",
    ["the mean", "the largest", "the sum"],
)
rule_guess
""")
code("n6-rules", "subslide", r"""
heard = ([0, 1], [0, 0, 1, 1], [0, 1, 1])
said = [color for colors in heard for color in colors]
colors = F.one_hot(torch.tensor(said), 2).float()  # nodes 3 to 11
edges = torch.tensor([[3 + k for k in range(9)], [0, 0, 1, 1, 1, 1, 2, 2, 2]])
small_A = ll.graphs.adjacency(edges, 12)  # nodes 0, 1, 2 hear the others
x_small = torch.cat([torch.zeros(3, 2), colors])
says = {
    rule: aggregate(small_A, x_small)[:3]
    for rule, aggregate in ll.graphs.AGGREGATE.items()
}
for rule, found in says.items():
    print(f"{rule:5}", found.tolist())
""")
code("n6-claim", "-", r"""
different = {rule: len(found.unique(dim=0)) for rule, found in says.items()}
ll.claims.claim(
    "N6",
    "of three neighbourhoods the sum tells all apart, the mean two, the largest none",
    different == {"sum": 3, "mean": 2, "max": 1},
    **different,
)
""")
code("n6-compare", "-", r"""
winner = ["mean", "max", "sum"].index(max(different, key=different.get))
rule_guess.compare(rule_guess.options[winner])
""")
md("n6-limit", "subslide", r"""
### What none of them can tell apart

A ring of six nodes, and two rings of three. All nodes look alike: same features, two neighbours each.

**Question.** Can any number of layers, with any weights, tell the two graphs apart?
""")
code("n6-rings", "-", r"""
def ring(nodes):
    "Edges of a ring through the nodes, both ways."
    following = nodes.roll(-1)
    there = torch.stack([nodes, following])
    return torch.cat([there, there.flip(0)], 1)


six = ring(torch.arange(6))
three_and_three = torch.cat([ring(torch.arange(3)), ring(torch.arange(3, 6))], 1)
ll.environment.seed_everything(0)
deep_nets = [ll.graphs.GCN(1, 64, 4, depth=6).eval()]  # wide: no layer is dead
deep_nets += [ll.graphs.GraphSAGE(1, 64, 4, depth=6, rule=r).eval() for r in says]
""")
code("n6-claim-rings", "-", r"""
alike = []
for net in deep_nets:
    matrices = [net.matrix(edges, 6) for edges in (six, three_and_three)]
    outs = [net(matrix, torch.ones(6, 1)) for matrix in matrices]
    alike.append(torch.allclose(*outs, rtol=1e-4, atol=1e-5) and outs[0].std() > 0)
ll.claims.claim(
    "N6",
    "a ring of six, two rings of three: six layers give them the same, by any rule",
    all(alike),
    alike=alike,
)
""")
md("n6-why", "subslide", r"""
**Why?** By induction. If before a layer all nodes say the same, then each hears the same two voices, and after it all say the same again. Such nets see no more than the **Weisfeiler–Leman test** does, which colors nodes by the colors around them (Xu et al. 2019). Chemists care: rings are what many molecules differ in. A remedy: features that count the rings through each node. (Naming the nodes helps, too, but gives up what N4 gained.)

**Try it.** In the cell that begins with `alike = []` give the nodes names: `torch.arange(6.0)[:, None]` for `torch.ones(6, 1)`. The claim falls: now the rings differ. Change it back.
""")
md("n6-accuracy", "subslide", r"""
### On real data

The same 180 labels, by rule. GraphSAGE has twice the weights of a GCN.
""")
code("n6-train", "-", r"""
def sage(rule, seed):
    ll.environment.seed_everything(seed)
    net = ll.graphs.GraphSAGE(programs.x.shape[1], 16, 9, rule=rule)
    return ll.graphs.fit(net, programs, seed=seed).test_accuracy[-1]


starts = {"sum": 3, "mean": 3, "max": 1}  # the largest takes most time
by_rule = {
    f"SAGE, {rule}": np.array([sage(rule, seed) for seed in range(number)])
    for rule, number in starts.items()
}
by_rule |= {"GCN": gcn, "words only": mlp}
""")
code("n6-picture", "subslide", r"""
fig, ax = plt.subplots(figsize=(9, 3.2))
for row, found in enumerate(by_rule.values()):
    ax.plot(100 * found, [row] * len(found), "|", markersize=14, color=ll.figures.GREY)
    ax.plot(100 * found.mean(), row, "o", markersize=10, color=ll.figures.BLUE)
ax.set_yticks(range(len(by_rule)), by_rule)
ax.set(xlim=(40, 70), xlabel="test accuracy in %")
ll.figures.show(
    fig,
    alt="Test accuracy by rule. Words only is last; GraphSAGE with any rule lies in "
    "the middle, the GCN is best.",
)
""", ignore=True)
code("n6-claim-real", "-", r"""
sages = np.concatenate([found for rule, found in by_rule.items() if "SAGE" in rule])
ll.claims.claim(
    "N6",
    "here GraphSAGE beats words alone by any rule; all its runs together trail the GCN",
    mlp.mean() < min(f.mean() for f in list(by_rule.values())[:3])
    and sages.mean() < gcn.mean(),
    margin=min(sages.mean() - mlp.mean(), gcn.mean() - sages.mean()),
    **{rule: found.mean() for rule, found in by_rule.items()},
)
""")
md("n6-words", "-", r"""
**In words.** The sum tells most apart, and is not best here. Why? This experiment does not say: GraphSAGE also has twice the weights for the same 180 labels. Which rule is best depends on the data, so it has to be measured.
""")
md("n6-layers", "subslide", r"""
### Layer by layer

What does each layer make of the programs? Their representations in two dimensions, by the two main directions, before the first layer (words), after it, and after the second (logits).
""")
code("n6-states", "-", r"""
with torch.no_grad():
    S = ll.graphs.normalize(programs.edge_index, nodes)
    hidden, out = gcn_net.eval().states(S, programs.x)
states = {"words": programs.x.to_dense(), "first layer": hidden, "second layer": out}


def purity(points, k=10):
    "Of the k nearest test programs of each, the share in its field, on average."
    points, labels = points[programs.test], programs.y[programs.test]
    far = torch.cdist(points, points).fill_diagonal_(torch.inf)
    near = far.topk(k, largest=False).indices
    return (labels[near] == labels[:, None]).float().mean().item()
""")
code("n6-states-picture", "subslide", r"""
fig, axes = plt.subplots(1, 3, figsize=(9, 3.4))
shown = {"biology": "o", "linguistics": "s", "geography": "^", "astronomy": "x"}
for ax, (name, points) in zip(axes, states.items()):
    flat = torch.mul(*torch.pca_lowrank(points[programs.test], 2)[:2])
    for (field, marker), color in zip(shown.items(), palette):
        mine = programs.y[programs.test] == programs.classes.index(field)
        ax.plot(*flat[mine].T, marker, color=color, markersize=5, label=field)
    ax.set(title=name, xticks=[], yticks=[])
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
ll.figures.show(
    fig,
    alt="Test programs of four fields in two dimensions. As words they lie on top of "
    "each other; after the layers they are less mixed.",
)
""", ignore=True)
code("n6-claim-layers", "-", r"""
pure = {name: purity(points) for name, points in states.items()}
steps = np.diff(list(pure.values()))
ll.claims.claim(
    "N6",
    "after each layer more of the ten nearest programs are of one's own field",
    (steps > 0).all(),
    margin=steps.min(),
    **pure,
)
""")

# ---------------------------------------------------------------- N7
md("n7", "slide", r"""
<a id="N7"></a>
## A picture is a very regular graph

Link each pixel to the four beside it. A graph convolution on this grid: every pixel sums its neighbours and itself.

**Question.** Which ordinary convolution does the same?
""")
code("n7-two-graphs", "-", r"""
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2))
seen = {"a picture": (nx.grid_2d_graph(5, 5), (2, 2)), "the club": (friends, 8)}
for ax, (title, (graph, center)) in zip(axes, seen.items()):
    look = dict.fromkeys(graph[center], ll.figures.SKY) | {center: ll.figures.BLUE}
    draw(ax, graph, [look.get(node, "white") for node in graph], title)
ll.figures.show(
    fig,
    alt="A grid of pixels and the karate club. In each one node and its neighbours are "
    "marked: four in fixed places, and five anywhere. After Wu et al. 2021.",
)
""")
code("n7-predict", "subslide", r"""
grid_guess = ll.widgets.Predict(
    "In the middle of the picture, the graph convolution is a convolution with …",
    ["any 3×3 kernel", "five equal taps, a plus", "nine equal taps, a square"],
)
grid_guess
""")
code("n7-grid", "subslide", r"""
image = ll.data.fashion_mnist("test", 1)[0]  # (1, 1, 28, 28)
number = torch.arange(28 * 28).reshape(28, 28)
across = torch.stack([number[:, :-1].flatten(), number[:, 1:].flatten()])
down = torch.stack([number[:-1].flatten(), number[1:].flatten()])
grid = torch.cat([across, down], 1)
grid = torch.cat([grid, grid.flip(0)], 1)
S_grid = ll.graphs.normalize(grid, 28 * 28)
mixed = (S_grid @ image.reshape(-1, 1)).reshape(1, 1, 28, 28)
plus = torch.tensor([[0, 1, 0], [1, 1, 1], [0, 1, 0]]) / 5
convolved = F.conv2d(image, plus[None, None], padding=1)
""")
code("n7-picture", "-", r"""
fig, axes = plt.subplots(1, 4, figsize=(9, 2.4))
off = (mixed - convolved).abs()
ll.figures.draw_images(
    axes,
    torch.cat([image, mixed, convolved, off / off.max()]),
    ["picture", "graph", "convolution", "difference"],
)
ll.figures.show(
    fig,
    alt="A piece of clothing, the same after the graph convolution and after a "
    "convolution with a plus: they look alike, and differ at the rim only.",
)
""")
code("n7-claim", "subslide", r"""
ll.claims.claim(
    "N7",
    "on the grid it is a plus of equal taps, two pixels and more from the border",
    off[..., 2:-2, 2:-2].max() < 1e-6 < off.max(),
    inside=off[..., 2:-2, 2:-2].max(),
    border=off.max(),
)
""")
code("n7-claim-mirror", "-", r"""
edge_left = torch.tensor([[0, 0, 0], [1, 0, -1], [0, 0, 0]])[None, None].float()
quarter = torch.rot90(image, 1, (2, 3))
turns = {
    name: torch.allclose(torch.rot90(f(image), 1, (2, 3)), f(quarter), atol=1e-5)
    for name, f in {
        "graph": lambda x: (S_grid @ x.reshape(-1, 1)).reshape(x.shape),
        "kernel": lambda x: F.conv2d(x, edge_left, padding=1),
    }.items()
}
ll.claims.claim(
    "N7",
    "⚠ it knows no left and right: it follows a quarter turn, an edge kernel does not",
    turns == {"graph": True, "kernel": False},
    **turns,
)
""")
code("n7-compare", "-", r"""
square = F.conv2d(image, torch.ones(1, 1, 3, 3) / 9, padding=1)
away = [(mixed - c).abs()[..., 2:-2, 2:-2].max().item() for c in (convolved, square)]
grid_guess.compare(grid_guess.options[1 + int(np.argmin(away))])
""")
md("n7-words", "-", r"""
**In words.** The graph convolution has *one* weight for all neighbours, since they have no order; a 3×3 kernel has nine, and tells left from right. That is what the regularity of pictures buys a CNN. (Near the border degrees differ, so the taps do.)

**Try it.** In the cell that begins with `image = ` write `grid = across` for the line `grid = torch.cat([across, down], 1)`. Which kernel is it now? Change it back.

<details><summary>Answer</summary>
Three equal taps side by side, 1/3 each. Both claims fall.
</details>
""")

# ---------------------------------------------------------------- N8
md("n8", "slide", r"""
<a id="N8"></a>
## What does it cost?

Real graphs are large and thin: a person has some hundred friends, not a billion. So $\hat S$ is stored as a list of what is not zero (**CSR**: for each row the columns and values).

**Question.** Ten times the nodes, and still ten links each. What becomes of the cost of a layer?
""")
code("n8-predict", "-", r"""
cost_guess = ll.widgets.Predict(
    "Ten times as many nodes, equally many links each: a layer costs …",
    ["10 times as much", "100 times as much", "1,000 times as much"],
)
cost_guess
""")
code("n8-count", "subslide", r"""
def random_graph(nodes, links):
    "So many links between nodes at random: both ways, no loops, none twice."
    pairs = torch.randint(nodes, (2, 2 * links), generator=dice)
    low, high = pairs.sort(0).values[:, pairs[0] != pairs[1]]
    once = (low * nodes + high).unique()
    kept = once[torch.randperm(len(once), generator=dice)[:links]]
    pairs = torch.stack([kept // nodes, kept % nodes])
    return torch.cat([pairs, pairs.flip(0)], 1)


sizes = [10**k for k in range(2, 6)]  # nodes; 5 n links, so ten at each
graphs = {n: ll.graphs.normalize(random_graph(n, 5 * n), n) for n in sizes}
""")
code("n8-claim", "-", r"""
stored = {n: len(S.values()) for n, S in graphs.items()}
real = len(ll.graphs.normalize(programs.edge_index, nodes).values())
ll.claims.claim(
    "N8",
    "stored entries are 2E + N, in the real graph, too: under 1 % of all pairs there",
    all(stored[n] == 2 * 5 * n + n for n in sizes)
    and real == programs.edge_index.shape[1] + nodes
    and real < nodes**2 / 100,
    stored=list(stored.values()),
    real=real,
)
""")
code("n8-time", "subslide", r"""
from time import perf_counter


def seconds(S):
    "The shortest of five products with 16 features."
    x, times = torch.rand(len(S), 16), []
    for _ in range(5):
        start = perf_counter()
        S @ x
        times.append(perf_counter() - start)
    return min(times)


took = [seconds(S) for S in graphs.values()]
""")
code("n8-picture", "subslide", r"""
fig, ax = plt.subplots(figsize=(9, 3.8))
edges = 10 * np.array(sizes)
ax.loglog(edges, took, "o-", color=ll.figures.BLUE)
ax.loglog(edges, took[2] * (edges / edges[2]), ":", color=ll.figures.GREY)
ll.figures.label(ax, (edges[0], took[2] / 100), "slope 1", "right")
ll.figures.label(ax, (edges[3], took[3]), "measured", "left", color=ll.figures.BLUE)
ax.set(xlabel="edges (directed)", ylabel="seconds for one product")
ll.figures.show(
    fig,
    alt="Seconds for one product against the number of edges, both logarithmic: flat "
    "for small graphs, about in proportion or steeper for large ones.",
)
""", ignore=True)
code("n8-compare", "-", r"""
growth = stored[10**5] / stored[10**4]  # each costs one multiply-add a feature
cost_guess.compare(cost_guess.options[int(np.log10(growth)) - 1])
""")
md("n8-words", "-", r"""
**In words.** $\hat S$ has $2E + N$ entries for $N$ nodes and $E$ links, and each costs one multiply-add a feature. A dense matrix for $10^5$ nodes has $10^{10}$ entries, 40 GB; the sparse one about a million. Where the curve is steeper than the dotted line, the features no longer fit the processor's cache: no more is computed, but numbers are waited for. `benchmarks/graphs.py` goes on to $10^7$ edges.

**Try it.** In the cell that begins with `def random_graph` write `20 * n` for `5 * n`. How many entries has a row on average? Change it back.

<details><summary>Answer</summary>
41 instead of 11; so the claim, which counts on 11, falls.
</details>
""")

# ---------------------------------------------------------------- N9
md("n9", "slide", r"""
<a id="N9"></a>
## Depth, once more

With two layers a program hears the neighbours of its neighbours. With eight it hears nearly everybody whom a path of links joins to it. More must be better?

**Question.** GCNs of 2, 4, 8 and 16 layers on `debian-science`, trained alike. What becomes of the test accuracy?
""")
code("n9-predict", "-", r"""
depth_guess = ll.widgets.Predict(
    "Eight graph layers instead of two: test accuracy …",
    ["rises: more is heard", "stays within five points", "falls by more than that"],
)
depth_guess
""")
md("n9-smooth", "subslide", r"""
### First: mixing alone

No weights, no training: $\hat S^k X$, the features $X$ mixed $k$ times. On the club, with random features. If all rows point in the same direction, nobody can be told from anybody.
""")
code("n9-mix", "-", r"""
def likeness(H):
    "Mean cosine between the rows of H: 1 when all point in the same direction."
    unit = F.normalize(H, dim=1)
    return (unit @ unit.T).mean().item()


S_club = ll.graphs.normalize(club.edge_index, 34)
start = torch.randn(34, 16, generator=dice)
hops = range(0, 33, 2)
ways = {"S alone": 0.0, "with a tenth of the start": 0.1}
alike = {
    name: [likeness(ll.graphs.propagate(S_club, start, k, restart)) for k in hops]
    for name, restart in ways.items()
}
""")
code("n9-mix-picture", "subslide", r"""
fig, ax = plt.subplots(figsize=(9, 3.6))
looks = zip(alike.items(), (ll.figures.RED, ll.figures.BLUE), ("-", "--"))
for (name, found), color, line in looks:
    ax.plot(hops, found, line, marker="o", color=color)
    ll.figures.label(ax, (20, found[10] - 0.03), name, "below", color=color)
ax.set(xlabel="times mixed, k", ylabel="mean cosine of rows", ylim=(0, 1.1))
ll.figures.show(
    fig,
    alt="Mean cosine between members against the number of mixings. By S alone it goes "
    "to one; with a tenth of the start mixed in each time it stays below.",
)
""")
code("n9-claim-limit", "subslide", r"""
far = ll.graphs.propagate(S_club, start, 200)
limit = F.normalize((1 + torch.bincount(club.edge_index[0])).sqrt(), dim=0)
rest = far - limit[:, None] * (limit @ far)  # what is no multiple of the limit
ll.claims.claim(
    "N9",
    "mixing alone: each feature ends as a multiple of √(degree + 1), all else is gone",
    rest.norm() < 1e-3 * far.norm(),
    rest=rest.norm() / far.norm(),
)
""")
code("n9-claim-restart", "-", r"""
smoothed, kept = (found[-1] for found in alike.values())
ll.claims.claim(
    "N9",
    "a tenth of the start in each step keeps members apart",
    smoothed - kept > 0.1,
    margin=smoothed - kept - 0.1,
    smoothed=smoothed,
    kept=kept,
)
""")
md("n9-why", "-", r"""
**Why √(degree + 1)?** $\hat S$ has the eigenvalue 1 with this eigenvector, in each connected part; all other eigenvalues are smaller in size, and their powers die out. This is **oversmoothing** (Li et al. 2018).
""")
md("n9-trained", "subslide", r"""
### Then: trained nets

*Plain*; *residual*, $H \leftarrow H + \text{ReLU}(\hat S H W + b)$; *initial*: each layer hears $0.9\,\hat S H + 0.1\,H_1$, a tenth of what the first layer said ($H_1$).
""")
code("n9-train", "-", r"""
depth_record = ll.results.load(ll.experiments.graph_nets)
print(depth_record.note)
live = {
    (depth, kind): trained(programs, 0, depth=depth, kind=kind)[1]
    for depth, kind in ((2, "plain"), (8, "plain"), (8, "residual"), (8, "initial"))
}
""", ignore=True)
code("n9-chart", "skip", r"""
chart = (
    "Test accuracy against the number of layers, recorded, and this run's. Plain nets "
    "fall from two layers on and end near guessing; residual ones fall later; with the "
    "initial residual 16 layers are nearly as good as two."
)
""")
code("n9-picture", "subslide", r"""
fig, ax = plt.subplots()
colors = {"plain": "RED", "residual": "BLUE", "initial": "GREEN"}
for (kind, color), line in zip(colors.items(), ("--", "-", "-.")):
    color = getattr(ll.figures, color)
    ll.figures.draw_band(ax, range(4), depth_record, f"GCN, {kind}", color)
    if depth_record.values:
        mean = depth_record.values[f"GCN, {kind}"].mean(0)
        ax.plot(range(4), mean, line, color=color, label=kind)
    here = [(np.log2(d) - 1, found) for (d, k), found in live.items() if k == kind]
    ax.plot(*zip(*here), "o", color=color)
ax.set_xticks(range(4), (2, 4, 8, 16))
ax.set(xlabel="layers (dots: this run)", ylabel="test accuracy", ylim=(0, 0.8))
if depth_record.values:
    ax.legend(frameon=False, loc="lower left")
ll.figures.show(fig, alt=chart)
""", ignore=True)
code("n9-claim-deep", "subslide", r"""
lost = live[2, "plain"] - live[8, "plain"]
ll.claims.claim(
    "N9",
    "eight plain layers are worse than two, by more than five points",
    lost > 0.05,
    margin=lost - 0.05,
    **{f"{kind} {depth}": found for (depth, kind), found in live.items()},
)
""")
code("n9-claim-residual", "-", r"""
rescued = min(live[8, "residual"], live[8, "initial"]) - live[8, "plain"]
ll.claims.claim(
    "N9",
    "residual and initial connections rescue eight layers: over five points better",
    rescued > 0.05,
    margin=rescued - 0.05,
    rescued=rescued,
)
""")
code("n9-claim-two", "-", r"""
if depth_record.sound:
    best = depth_record.values["GCN, plain"][:, :1]
    leads = [best - depth_record.values[f"GCN, {kind}"][:, 1:] for kind in colors]
    sure = [lead.mean(0) / lead.std(0, ddof=1) * len(lead) ** 0.5 for lead in leads]
    ll.claims.claim(
        "N9",
        "⚠ recorded: of 2, 4, 8, 16 layers two are best, by over three standard errors",
        np.min(sure) > 3,
        sure=np.concatenate(sure),
    )
""")
code("n9-compare", "-", r"""
level = 2 if lost > 0.05 else 1 if lost > -0.05 else 0
depth_guess.compare(depth_guess.options[level])
""", ignore=True)
md("n9-gradients", "subslide", r"""
### Or is it the gradient?

Notebook 01 had two reasons for deep nets to fail. Mixing is a new one; is the old one here, too? The size of the gradient at each layer's weights, before training.
""")
code("n9-norms", "-", r"""
norms = {}
for kind in colors:
    ll.environment.seed_everything(0)
    net = ll.graphs.GCN(programs.x.shape[1], 16, 9, depth=8, kind=kind)
    norms[kind] = list(ll.graphs.gradient_norms(net, programs).values())
""")
code("n9-norms-picture", "subslide", r"""
fig, ax = plt.subplots(figsize=(9, 3.6))
for (kind, color), line in zip(colors.items(), ("--", "-", "-.")):
    color = getattr(ll.figures, color)
    ax.semilogy(range(1, 9), norms[kind], line, marker="o", color=color, label=kind)
ax.set(xlabel="layer", ylabel="norm of the gradient")
ax.legend(frameon=False, ncols=3)
ll.figures.show(
    fig,
    alt="Norm of the gradient at each of eight layers before training. Residual nets "
    "have far larger ones than plain and initial ones, at every layer.",
)
""", ignore=True)
code("n9-claim-gradient", "subslide", r"""
ratio = np.log(np.array(norms["residual"]) / norms["plain"])
ll.claims.claim(
    "N9",
    "before training, residual: over ten times the gradient of plain, at each layer",
    ratio.min() > np.log(10),
    margin=ratio.min() - np.log(10),
    **norms,
)
""")
md("n9-words", "skip", r"""
**In words.** Mixing alone makes all alike, without a single weight; a tenth of the start prevents that. Plain deep nets also start with small gradients, residual ones with far larger. Is that what stops them? Hardly: *initial* nets start with gradients as small as plain ones, and learn with 8 and 16 layers; *residual* nets fail at 16. (Adam rescales each gradient.) So it is mostly the mixing. Of the depths tried, two layers remain best.
""")
md("n9-try", "skip", r"""
**Try it.** In the cell that begins with `depth_record` add `(16, "residual")` to the list of pairs, and run it and the picture. Does it learn? Change it back.

<details><summary>Answer</summary>
Less than with eight layers: about four in ten, far from its band's middle in some starts.
</details>
""")
md("explore", "subslide", r"""
### Explore it: who does this node hear?

The star is the member who hears; the size of a circle is how much of that member's voice has arrived. Turn up the hops with each rule: which rule lets the star keep its own voice? Then shuffle the numbers: what changes, and what does not?
""")
code("explorer", "-", r"""
ll.explorers.who_does_this_node_hear()
""")

# ---------------------------------------------------------------- Cora
md("cora", "slide", r"""
<a id="cora"></a>
## The citation network of the lecture: Cora

2,708 papers on machine learning in seven fields, 5,278 citations ("5,429" counts some twice), 1,433 words. 140 labels. It may not be shipped, so it is fetched once, and checked. Without a connection one sentence says so, and the recorded numbers stand alone.
""")
code("cora-load", "-", r"""
try:
    cora = ll.data.planetoid("cora")
    cora = replace(cora, x=ll.graphs.scale_rows(cora.x))  # words of each paper: sum 1
    state = "Cora is here."
except OSError as error:
    cora, state = None, f"Only recorded numbers below. {error}"
print(state)
cora_record = ll.results.load(ll.experiments.cora)
print(cora_record.note)
""", ignore=True)
code("cora-picture", "subslide", r"""
fig, ax = plt.subplots(figsize=(9, 3.4))
for row, runs in enumerate(cora_record.values.values()):
    ax.plot(100 * runs, [row] * len(runs), "|", markersize=14, color=ll.figures.GREY)
if cora is not None:
    ax.plot(100 * trained(cora)[1], 1, "x", color=ll.figures.RED, markersize=10)
ax.set_yticks(range(len(cora_record.values)), cora_record.values)
ax.axvline(81.5, linestyle=":", color=ll.figures.INK)
ax.set(xlabel="test accuracy in % (recorded, 10 starts; dotted: published GCN; ×: here)")
ll.figures.show(
    fig,
    alt="Recorded test accuracy on Cora: words only far behind the GCN, which is near "
    "the published value. Eight plain layers fall behind, eight residual ones less.",
)
""", ignore=True)
code("cora-claim", "subslide", r"""
if cora_record.sound:
    runs = cora_record.values
    ll.claims.claim(
        "N3",
        "recorded on Cora: GCN within 2 points of the 81.5 % published, words far off",
        abs(runs["GCN"].mean() - 0.815) < 0.02
        and runs["GCN"].min() > runs["words only"].max() + 0.1,
        **runs,
    )
""")

# ---------------------------------------------------------------- end
md("which", "slide", r"""
## Which line causes this?

```python
1  links = [(0, 1), (0, 2), (1, 2), (2, 3)]
2  edge_index = torch.tensor(links).T
3  S = normalize(edge_index, num_nodes=4)
4  net = GCN(in_features, 16, classes)
5  fit(net, graph)
```

Node 3 hears node 2, but node 0 hears nobody but itself.
""")
code("which-quiz", "-", r"""
ll.widgets.Quiz(
    "Which line causes this?",
    {
        "Line 2": (True, "Each link is there in one direction only; add edge_index.flip(0)."),
        "Line 3": (False, "It adds the loops, and takes the edges as they are listed."),
        "Line 4": (False, "The net never sees the links but through S."),
        "Line 5": (False, "Training changes weights, not who hears whom."),
    },
)
""")
md("verdict", "slide", r"""
## What many believed

| belief | shown | verdict |
|---|---|---|
| the more layers, the better | N9 | no: mixing makes all alike (of 2, 4, 8, 16, two were best) |
| a graph is a table for any net | N4 | no: with other numbers for the nodes it fails |
| the order of the nodes matters | N4 | no, and a graph network does not care |
| a graph convolution can do what a convolution can | N7, N6 | far less: equal taps, and rings escape it |
| it knows the kind of a link | N5 | a GCN does not: its weights come from degrees |
""")
md("summary", "slide", r"""
## What you have shown

- **N1–N3** Linked nodes are alike, and links add to words.
- **N4, N5** Equivariance; the layer by hand.
- **N6** Sum, mean, largest: what each can tell apart, and what none can.
- **N7, N8** A picture is a grid, and the cost grows with the links.
- **N9** Mixing makes all alike; two remedies for eight layers, one for sixteen.

**Without looking:** why may a graph network not have a weight of its own for each neighbour?

<details><summary>Answer</summary>Neighbours have no order and no fixed number. With a weight for "the first" one, new numbers for the nodes would change the answer.</details>
""")
md("course", "slide", r"""
## The course in three lessons

1. **Deeper nets through skips.** A plain net gets worse with depth, in training already; a block that adds to its input does not. (Notebooks 01 to 03.)
2. **More from little data.** Transformed copies and regularizers bring in what you know: that a shift does not matter, that simple is likelier. Each helps where it is true. (04, 05.)
3. **Beyond pictures.** Where points have relations, a layer mixes over them; depth brings its old problems back, and skips help again. (06.)

What was measured or proved here is a **claim**: a cell that fails where it is not true. The notebook ends with all of them.
""")
code("course-table", "skip", r"""
from IPython.display import Markdown

Markdown(ll.results.table_of_claims())
""")
md("references", "skip", r"""
## References

- Kipf, Welling (2017). [Semi-supervised classification with graph convolutional networks](https://arxiv.org/abs/1609.02907).
- Hamilton, Ying, Leskovec (2017). [Inductive representation learning on large graphs](https://arxiv.org/abs/1706.02216): GraphSAGE.
- Xu, Hu, Leskovec, Jegelka (2019). [How powerful are graph neural networks?](https://arxiv.org/abs/1810.00826)
- Li, Han, Wu (2018). [Deeper insights into graph convolutional networks for semi-supervised learning](https://arxiv.org/abs/1801.07606): oversmoothing.
- Gasteiger, Bojchevski, Günnemann (2019). [Predict then propagate](https://arxiv.org/abs/1810.05997): a tenth of the start.
- Fey, Lenssen (2019). [Fast graph representation learning with PyTorch Geometric](https://arxiv.org/abs/1903.02428).
- Chen et al. (2020). [Simple and deep graph convolutional networks](https://arxiv.org/abs/2007.02133): the initial residual.
""")
md("references-data", "skip", r"""
Data and figure:

- Wu et al. (2021). [A comprehensive survey on graph neural networks](https://arxiv.org/abs/1901.00596).
- Zachary (1977). [An information flow model for conflict and fission in small groups](https://doi.org/10.1086/jar.33.4.3629752).
- Yang, Cohen, Salakhutdinov (2016). [Revisiting semi-supervised learning with graph embeddings](https://arxiv.org/abs/1603.08861): the split of Cora.

Before: [05 · Regularization](05_regularization.ipynb). Homework 6 (to come). Back to the [map](00_start_here.ipynb).
""")
lib.save(sys.argv[1])
print(len(lib.cells), "cells")
