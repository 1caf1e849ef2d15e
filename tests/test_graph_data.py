"""The graphs: against independent readers, damaged, attacked, and without a network."""

import collections
import functools
import hashlib
import json
import os
import pickle
import re
import threading
import time
import warnings
from pathlib import Path

import networkx
import numpy as np
import pytest
import torch
from scipy import sparse
from test_data import script
from test_download import Handler, Server, closed_port, snapshot

from lectures_lib import data
from lectures_lib.data import citations, files
from lectures_lib.data.files import FOLDER

CORA = Path(os.environ.get("LECTURES_DATA") or "LECTURES_DATA is not set")
LISTS = Path("/var/lib/apt/lists")
needs_cora = pytest.mark.skipif(
    not (CORA / "ind.cora.x").is_file(),
    reason="Cora's files are not here: set LECTURES_DATA to their folder",
)
PARTS = ("train", "validation", "test")
FILES = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")


@functools.cache
def load(name):
    """One of the three graphs, read once."""
    if name == "cora":
        return data.planetoid("cora", CORA)
    return {"debian": data.debian_science, "club": data.karate_club}[name]()


GRAPHS = ["debian", "club", pytest.param("cora", marks=needs_cora)]


def share_within(graph):
    """The share of links that join two nodes of one class."""
    return (
        (graph.y[graph.edge_index[0]] == graph.y[graph.edge_index[1]]).double().mean()
    )


# --- what every graph keeps to ------------------------------------------------------


@pytest.mark.parametrize("name", GRAPHS)
def test_links_run_both_ways_once_without_loops_and_sorted(name):
    graph = load(name)
    source, target = edges = graph.edge_index
    assert edges.dtype == torch.int64 and edges.shape[0] == 2
    listed = [*zip(source.tolist(), target.tolist())]
    assert listed == sorted(set(listed))
    assert {(b, a) for a, b in listed} == set(listed)
    assert not (source == target).any()
    assert edges.min() >= 0 and edges.max() < len(graph.y)


@pytest.mark.parametrize("name", GRAPHS)
def test_shapes_types_and_names(name):
    graph = load(name)
    assert graph.x.dtype == torch.float32 and graph.y.dtype == torch.int64
    assert graph.x.shape[0] == len(graph.y) and graph.y.shape == (len(graph.y),)
    assert graph.x.layout == (torch.strided if name == "club" else torch.sparse_csr)
    assert graph.x.to_dense().isfinite().all() and graph.x.to_dense().min() == 0
    assert graph.y.unique().tolist() == [*range(len(graph.classes))]
    assert len(set(graph.classes)) == len(graph.classes)
    if name == "debian":
        assert len(graph.nodes) == len(graph.y)
        assert len(graph.words) == graph.x.shape[1]


@pytest.mark.parametrize("name", GRAPHS)
def test_splits_share_nothing_and_train_is_balanced(name):
    graph = load(name)
    parts = [getattr(graph, part) for part in PARTS]
    together = torch.cat(parts)
    assert len(together.unique()) == len(together)
    assert together.min() >= 0 and together.max() < len(graph.y)
    for part in parts:
        assert part.dtype == torch.int64 and torch.equal(part, part.sort().values)
    assert len(graph.y[graph.train].bincount().unique()) == 1


def test_a_graph_cannot_be_changed_and_spoils_no_other():
    graph = data.debian_science()
    with pytest.raises(AttributeError):
        graph.x = graph.y
    graph.y.zero_()
    graph.edge_index.zero_()
    assert data.debian_science().y.max() == 8
    assert data.debian_science().edge_index.max() > 0


# --- debian-science -----------------------------------------------------------------


def test_debian_science_is_as_described():
    graph = load("debian")
    assert graph.x.shape == (2284, 878) and graph.edge_index.shape == (2, 2 * 7757)
    for part, size in zip(PARTS, (20, 20, 40)):
        assert graph.y[getattr(graph, part)].bincount().tolist() == [size] * 9
    assert (FOLDER / "debian_science.npz").stat().st_size <= 1_000_000
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, size in zip(graph.classes, graph.y.bincount().tolist()):
        assert re.search(rf"\b{name}\s+{size:,}\b", readme)
    degree = graph.edge_index[0].bincount(minlength=2284)
    assert (degree == 0).sum() == 374 and (graph.x.to_dense().sum(1) == 0).sum() == 6
    assert set(graph.x.values().tolist()) == {1.0, 2.0}


def test_debian_science_names_and_words_are_sorted_facts():
    graph = load("debian")
    for names in (graph.nodes, graph.words, graph.classes):
        assert list(names) == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) for name in graph.nodes)
    assert all(re.fullmatch(r"[a-z][a-z0-9]+", word) for word in graph.words)
    # The blends' metapackages are what the classes come from: none may be a node.
    blends = re.compile("(science|med|debichem|astro|gis)-")
    assert not [name for name in graph.nodes if blends.match(name)]
    stems = [name[:7] for name in graph.classes]
    assert not [word for word in graph.words if any(stem in word for stem in stems)]


@pytest.mark.parametrize(
    ("package", "field"),
    [
        ("python3-astropy", "astronomy"),
        ("samtools", "biology"),
        ("gromacs", "chemistry"),
        ("ros-environment", "engineering"),
        ("gmt", "geography"),
        ("apertium", "linguistics"),
        ("libeigen3-dev", "mathematics"),
        ("libfastjet-dev", "physics"),
        ("r-cran-survival", "statistics"),
    ],
)
def test_packages_have_the_field_one_would_say(package, field):
    graph = load("debian")
    assert graph.classes[graph.y[graph.nodes.index(package)]] == field


def test_linked_packages_share_their_field_far_more_often_than_chance():
    graph = load("debian")
    chance = (graph.y.bincount().double() / len(graph.y)).square().sum()
    assert share_within(graph) > 0.6 > 2 * chance


def test_the_links_of_a_package_are_those_of_its_words():
    """What two linked packages say is more alike than what any two say."""
    graph = load("debian")
    x = torch.nn.functional.normalize(graph.x.to_dense())
    linked = (x[graph.edge_index[0]] * x[graph.edge_index[1]]).sum(1).mean()
    assert linked > 3 * (x @ x.T).mean()


@pytest.mark.skipif(
    not [*LISTS.glob("*_debian_dists_bookworm_main_binary-amd64_Packages*")],
    reason="Debian 12's package lists are not here: apt-get update",
)
def test_the_build_script_gives_the_shipped_graph():
    try:
        built = script("build_debian_science.py")["build"]()
    except SystemExit as other:  # a later point release
        pytest.skip(str(other))
    assert built == (FOLDER / "debian_science.npz").read_bytes()


@pytest.fixture
def builder():
    """The names in the build script."""
    return script("build_debian_science.py")


def test_the_build_script_says_what_is_missing(builder, tmp_path):
    builder["metadata"].__globals__["LISTS"] = tmp_path
    with pytest.raises(SystemExit, match="run apt-get update on Debian 12"):
        builder["build"]()
    (tmp_path / "Packages").write_bytes(b"Package: other\n")
    with pytest.raises(
        SystemExit, match=r"is not Debian 12\.15's: SHA-256 \w+, expected 515e"
    ):
        builder["build"](tmp_path / "Packages")


def package(name, section="science", summary="a tool", **fields):
    """One entry of a made-up archive."""
    fields = {key.replace("_", "-"): value for key, value in fields.items()}
    fields |= {"Package": name, "Section": section, "Description": summary}
    return name, fields


def test_labels_are_voted_level_ones_and_metapackages_are_out(builder):
    blend = {"Source": "debian-science", "section": "metapackages"}
    everything = dict(
        [
            package("science-biology", Depends="cell, both, bundle, gone", **blend),
            package("science-physics", Recommends="atom, both, most", **blend),
            package("science-physics-dev", Suggests="most | atom", **blend),
            package("science-chemistry", Suggests="most, med-bio", **blend),
            package("med-bio", Source="debian-med", Depends="everywhere", section="x"),
            package("science-logic", Source="another", Depends="stranger"),
            *(package(name) for name in ("cell", "both", "atom", "most", "stranger")),
            package("bundle", summary="the metapackage of bundles"),
            package("everywhere"),
            *(package(f"user{i}", Depends="everywhere (>= 2)") for i in range(101)),
        ]
    )
    found = builder["labels"](everything)
    assert found == {"atom": "physics", "cell": "biology", "most": "physics"}


def test_links_are_direct_or_by_a_rare_need(builder):
    many = [package(f"n{i:02}", Depends="libc6, widespread") for i in range(11)]
    everything = dict(
        [
            package("a", Depends="b (>= 1.2) | x, rare:any"),
            package("b", Pre_Depends="rare"),
            package("c", Enhances="a, c", Recommends="seldom"),
            package("d", Suggests="b", Recommends="seldom"),
            *many,
        ]
    )
    pairs = builder["pairs"](everything, sorted(everything)).tolist()
    # c and d share only a recommendation; eleven share libc6: neither is a rare need.
    assert pairs == [[0, 1], [0, 2], [1, 3]]


# --- Zachary's club -----------------------------------------------------------------


def test_the_club_is_networkxs_without_weights():
    graph, club = load("club"), networkx.karate_club_graph()
    ours = networkx.from_edgelist(graph.edge_index.T.tolist())
    assert networkx.utils.graphs_equal(
        networkx.Graph(sorted(map(sorted, club.edges))),
        networkx.Graph(sorted(map(sorted, ours.edges))),
    )
    assert len(graph.y) == 34 and graph.edge_index.shape == (2, 2 * 78)
    sides = [graph.classes[label] for label in graph.y]
    assert sides == [club.nodes[node]["club"] for node in range(34)]
    assert graph.classes == ("Mr. Hi", "Officer")


def test_the_club_is_trained_on_its_two_heads():
    graph = load("club")
    assert graph.train.tolist() == [0, 33] and graph.y[graph.train].tolist() == [0, 1]
    assert graph.validation.tolist() == [] and graph.test.tolist() == [*range(1, 33)]


def test_the_clubs_features_by_matrices():
    graph = load("club")
    adjacency = np.zeros((34, 34))
    adjacency[tuple(graph.edge_index.numpy())] = 1
    degree = adjacency.sum(1)
    triangles = np.diag(adjacency @ adjacency @ adjacency)
    clustering = triangles / np.maximum(degree * (degree - 1), 1)
    way = sparse.csgraph.shortest_path(adjacency)
    expected = np.stack([degree / 33, clustering, 33 / way.sum(1)], 1)
    assert np.allclose(graph.x.numpy(), expected)


# --- Cora ---------------------------------------------------------------------------


@needs_cora
def test_cora_is_as_published():
    graph = load("cora")
    assert graph.x.shape == (2708, 1433) and graph.edge_index.shape == (2, 2 * 5278)
    assert graph.y[graph.train].bincount().tolist() == [20] * 7
    assert [len(getattr(graph, part)) for part in PARTS] == [140, 500, 1000]
    assert 0.8 < share_within(graph) < 0.82
    # The sizes that Sen et al. (2008) give for the fields, which fix their names.
    sizes = dict(zip(graph.classes, graph.y.bincount().tolist()))
    assert sizes == {
        **{"Neural Networks": 818, "Probabilistic Methods": 426, "Theory": 351},
        **{"Genetic Algorithms": 418, "Case-Based": 298, "Rule Learning": 180},
        "Reinforcement Learning": 217,
    }


def geometric():
    """PyTorch Geometric's readers; it is not among the course's dependencies."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("torch_geometric.io", reason="no torch-geometric")


@needs_cora
@pytest.mark.filterwarnings("ignore")  # theirs
def test_cora_is_what_pytorch_geometric_reads():
    graph, theirs = load("cora"), geometric().read_planetoid_data(str(CORA), "cora")
    words = data.planetoid("cora", CORA, normalize=False).x.to_dense()
    assert torch.equal(words, theirs.x)
    scaled = torch.nn.functional.normalize(theirs.x, p=1, dim=1)
    torch.testing.assert_close(graph.x.to_dense(), scaled)
    assert torch.equal(graph.y, theirs.y)
    assert torch.equal(graph.edge_index, theirs.edge_index.flip(0))  # by target
    masks = (theirs.train_mask, theirs.val_mask, theirs.test_mask)
    for part, mask in zip(PARTS, masks):
        assert torch.equal(getattr(graph, part), mask.nonzero()[:, 0])


@needs_cora
def test_cora_is_downloaded_once(server, tmp_path, monkeypatch):
    def serve(handler):
        content = (CORA / handler.path.strip("/")).read_bytes()
        handler.begin(len(content))
        handler.wfile.write(content)

    monkeypatch.setattr(Handler, "unknown", serve)
    monkeypatch.setenv("LECTURES_DATA", str(tmp_path / "new" / "folder"))
    monkeypatch.setenv("LECTURES_PLANETOID_URL", server.url(""))
    for _ in range(2):
        graph = data.planetoid("cora")
        assert torch.equal(graph.edge_index, load("cora").edge_index)
    files = {path.name for path in (tmp_path / "new" / "folder").iterdir()}
    assert files == {f"ind.cora.{part}" for part in FILES}
    assert len(server.requests) == 8


# --- a made-up network with Citeseer's gaps -----------------------------------------


WORDS = 6
TEST_INDEX = [11, 8, 14, 10]  # 9, 12 and 13 are missing, as 15 papers in Citeseer
LINKS = {0: [1, 1, 0], 1: [0], 2: [7], 7: [2, 14], 14: [7], 9: [], 10: [11], 11: [10]}


def made_up():
    """The eight files of a network with 15 papers: 2 to train, 6 others, 4 to test."""
    random = np.random.default_rng(0)
    x = (random.random((12, WORDS)) < 0.4).astype(np.float32)
    x[:, 0] = 1  # no row is empty
    y = np.eye(2, dtype=np.int32)[np.arange(12) % 2]
    parts = {
        **{"x": sparse.csr_matrix(x[:2]), "allx": sparse.csr_matrix(x[:8])},
        **{
            "tx": sparse.csr_matrix(x[8:]),
            "graph": collections.defaultdict(list, LINKS),
        },
        **{"y": y[:2], "ally": y[:8], "ty": y[8:]},
    }
    files = {name: pickle.dumps(part, protocol=4) for name, part in parts.items()}
    files["test.index"] = "".join(f"{i}\n" for i in TEST_INDEX).encode()
    return files, x, y


@pytest.fixture
def server(monkeypatch):
    """A server on this machine that answers as the path or the test says."""
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def served(server, tmp_path, monkeypatch):
    """The made-up files, served as Citeseer's with their checksums; change them."""
    files, _, _ = made_up()
    monkeypatch.setenv("LECTURES_DATA", str(tmp_path))
    monkeypatch.setenv("LECTURES_PLANETOID_URL", server.url(""))

    def serve(handler):
        content = files[handler.path.removeprefix("/ind.citeseer.")]
        handler.begin(len(content))
        handler.wfile.write(content)

    monkeypatch.setattr(Handler, "unknown", serve)
    vouch(monkeypatch, files)
    return files


def vouch(monkeypatch, files):
    """Make the checksums those of the files."""
    networks = json.loads((FOLDER / "planetoid.json").read_bytes())
    sums = {part: hashlib.sha256(files[part]).hexdigest() for part in FILES}
    networks["citeseer"]["sha256"] = sums
    monkeypatch.setattr(citations, "read", {"planetoid.json": json.dumps(networks)}.get)


def test_gaps_are_papers_without_words(served):
    _, x, y = made_up()
    graph = data.planetoid("citeseer", normalize=False)
    dense = graph.x.to_dense().numpy()
    assert dense.shape == (15, WORDS) and len(graph.y) == 15
    assert np.array_equal(dense[:8], x[:8])
    for row, paper in enumerate(TEST_INDEX, 8):
        assert np.array_equal(dense[paper], x[row])
        assert graph.y[paper] == y[row].argmax()
    for gap in (9, 12, 13):
        assert not dense[gap].any() and graph.y[gap] == 0
    assert graph.train.tolist() == [0, 1]
    assert graph.validation.tolist() == [2, 3, 4, 5, 6, 7]
    assert graph.test.tolist() == [8, 10, 11, 14]
    assert graph.edge_index.T.tolist() == [
        *([0, 1], [1, 0], [2, 7], [7, 2], [7, 14], [10, 11], [11, 10], [14, 7])
    ]


def test_the_words_of_a_paper_sum_to_one_and_none_stay_none(served):
    words = data.planetoid("citeseer", normalize=False).x.to_dense()
    x = data.planetoid("citeseer").x.to_dense()
    total = words.sum(1, keepdim=True)
    assert (total == 0).any() and total.max() > 1
    torch.testing.assert_close(x, words / total.clamp(min=1))


@pytest.mark.filterwarnings("ignore")  # theirs
def test_gaps_are_filled_as_pytorch_geometric_does(served, tmp_path, monkeypatch):
    graph = data.planetoid("citeseer", normalize=False)
    io = geometric()
    mask = io.planetoid.index_to_mask  # it wants 500 papers for validation
    monkeypatch.setattr(
        io.planetoid, "index_to_mask", lambda index, size: mask(index[:6], size)
    )
    theirs = io.read_planetoid_data(str(tmp_path), "citeseer")
    assert torch.equal(graph.x.to_dense(), theirs.x)
    assert torch.equal(graph.y, theirs.y)
    assert torch.equal(graph.edge_index, theirs.edge_index.flip(0))  # by target


@pytest.mark.parametrize(
    ("part", "content", "says"),
    [
        ("test.index", b"11\n8\n8\n10\n", "names a paper twice"),
        ("test.index", b"11\n7\n14\n10\n", "or one of allx"),
        ("graph", pickle.dumps({0: [15]}, 4), "papers outside 0 to 14"),
        ("x", b"no pickle", "ind.citeseer.* is no citation network"),
        ("ty", pickle.dumps([1, 2], 4), "is no citation network"),
    ],
)
def test_files_that_do_not_fit_together(served, monkeypatch, part, content, says):
    served[part] = content
    vouch(monkeypatch, served)
    with pytest.raises(data.DataError, match=re.escape(says)) as error:
        data.planetoid("citeseer")
    assert "delete these files" in str(error.value)


# --- pickles that want more ---------------------------------------------------------


class Asks:
    """Pickled, a call of any function with any arguments."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def attacks(victim):
    """Pickles that would make a file, and what each of them asks for."""
    command = f"touch {victim}"
    write = f"open({str(victim)!r}, 'w').close()"
    return {
        "posix.system": pickle.dumps(Asks(os.system, command)),
        "os.system": b"cos\nsystem\n(S'" + command.encode() + b"'\ntR.",
        "builtins.eval": pickle.dumps(Asks(eval, write)),
        "builtins.exec": pickle.dumps({1: [Asks(exec, write)]}),
        "__builtin__.eval": pickle.dumps(Asks(eval, write), protocol=2),
        "builtins.getattr": b"cbuiltins\ngetattr\n(S'a'\nS'b'\ntR.",
        "builtins.open": b"cbuiltins\nopen\n(S'"
        + str(victim).encode()
        + b"'\nS'w'\ntR.",
        "subprocess.Popen": b"csubprocess\nPopen\n((S'touch'\nS'"
        + str(victim).encode()
        + b"'\nltR.",
        "torch._utils._rebuild_tensor_v2": pickle.dumps(torch.ones(2)),
        "torch.load": b"ctorch\nload\n(S'" + str(victim).encode() + b"'\ntR.",
        "numpy.load": b"cnumpy\nload\n(S'" + str(victim).encode() + b"'\ntR.",
        "numpy.ndarray.tofile": b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93.",
        "numpy.f2py.os.system": b"\x80\x04\x8c\x05numpy\x8c\x0ef2py.os.system\x93.",
        "codecs.encode": b"ccodecs\nencode\n(S'a'\ntR.",
        "scipy.sparse.csr.os.system": b"cscipy.sparse.csr\nos.system\n(S'a'\ntR.",
    }


@pytest.mark.parametrize("asks", attacks("victim"))
@pytest.mark.parametrize("part", ["graph", "x"])
def test_a_malicious_pickle_runs_nothing(served, monkeypatch, tmp_path, asks, part):
    victim = tmp_path / "victim"
    served[part] = attacks(victim)[asks]
    vouch(monkeypatch, served)
    with pytest.raises(data.DataError) as error:
        data.planetoid("citeseer")
    assert f"(it asks for {asks}; nothing was run)" in str(error.value)
    assert isinstance(error.value.__cause__, pickle.UnpicklingError)
    assert not victim.exists()


def test_the_attacks_are_real(tmp_path):
    """Python's own unpickler falls for what ours refuses."""
    victim = tmp_path / "victim"
    for asks in ("posix.system", "os.system", "builtins.eval"):
        pickle.loads(attacks(victim)[asks])
        assert victim.exists(), asks
        victim.unlink()


@pytest.mark.parametrize("protocol", [3, 4])
def test_arrays_matrices_and_containers_come_back(protocol):
    things = {
        "array": np.arange(6.0).reshape(2, 3),
        "matrix": sparse.csr_matrix(np.eye(3)),
        "default": collections.defaultdict(list, {1: [2]}),
        "containers": [(1, "a"), None, True],
    }
    back = citations.unpickle(pickle.dumps(things, protocol))
    assert np.array_equal(back["array"], things["array"])
    assert np.array_equal(back["matrix"].toarray(), np.eye(3))
    assert back["default"][5] == [] and back["containers"] == things["containers"]


# --- downloads that go wrong --------------------------------------------------------


def refusal(name="citeseer", folder=None):
    """What planetoid says when it fails, and after how many seconds: one sentence."""
    start = time.monotonic()
    with pytest.raises(data.DownloadError) as error:
        data.planetoid(name, folder)
    message = str(error.value)
    assert "\n" not in message and f"ind.{name}." in message
    assert message.endswith("and try again, or put the file there by hand")
    return message, time.monotonic() - start


def test_a_wrong_checksum_is_refused_before_anything_is_read(
    served, tmp_path, monkeypatch
):
    served["x"] = attacks(tmp_path / "victim")["posix.system"]  # not vouched for
    monkeypatch.setattr(citations, "unpickle", lambda _: pytest.fail("it was read"))
    message, _ = refusal()
    assert "invalid hash value" in message and "expected" in message
    assert snapshot(tmp_path) == {}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("good", "invalid hash value"),
        ("other", "invalid hash value"),
        ("chatter", "this is no HTTP"),
        ("silent", "timed out"),
        ("stalled", "timed out"),
    ],
)
def test_a_server_that_fails_is_given_up_soon(
    served, monkeypatch, tmp_path, path, reason
):
    monkeypatch.setattr(Handler, "unknown", getattr(Handler, path))
    message, seconds = refusal()
    assert re.search(reason, message) and seconds < 3
    assert snapshot(tmp_path) == {}


def test_a_connection_dropped_half_way_keeps_what_is_whole(
    served, monkeypatch, tmp_path
):
    whole = Handler.unknown

    def serve(handler):
        if handler.path.endswith(".graph"):
            handler.begin(1000)
            handler.wfile.write(b"a" * 500)
        else:
            whole(handler)

    monkeypatch.setattr(Handler, "unknown", serve)
    message, _ = refusal()
    assert "ind.citeseer.graph is missing" in message
    kept = {path.name.removeprefix("ind.citeseer.") for path in snapshot(tmp_path)}
    assert kept == {*FILES[:6], "graph.part"}
    monkeypatch.setattr(Handler, "unknown", whole)
    assert len(data.planetoid("citeseer").y) == 15


def test_without_a_network_a_sentence_comes_within_two_seconds(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("LECTURES_PLANETOID_URL", closed_port())
    message, seconds = refusal("cora", tmp_path)
    assert message.startswith(f"{tmp_path}/ind.cora.x is missing") and seconds < 2


def test_a_damaged_file_is_fetched_again_or_named(served, tmp_path, monkeypatch):
    before = data.planetoid("citeseer")
    file = tmp_path / "ind.citeseer.allx"
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert torch.equal(data.planetoid("citeseer").y, before.y)
    assert file.read_bytes() == whole
    file.write_bytes(whole[:-1])
    monkeypatch.setenv("LECTURES_PLANETOID_URL", closed_port())
    message, _ = refusal()
    assert f"{file} is damaged and was not fetched from" in message


def test_files_in_a_read_only_folder_will_do(served, tmp_path, monkeypatch):
    data.planetoid("citeseer")
    monkeypatch.setenv("LECTURES_PLANETOID_URL", closed_port())
    monkeypatch.delenv("LECTURES_DATA")
    for path in tmp_path.iterdir():
        path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert len(data.planetoid("citeseer", tmp_path).y) == 15
        assert len(data.planetoid("citeseer", str(tmp_path)).y) == 15
    finally:
        tmp_path.chmod(0o755)


def test_a_folder_that_cannot_be_written_is_named(served, tmp_path):
    (tmp_path / "taken").write_bytes(b"a file")
    message, _ = refusal(folder=tmp_path / "taken")
    assert str(tmp_path / "taken") in message
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("root may write everywhere")
    assert "Permission denied" in refusal(folder=folder)[0]


def test_without_a_folder_the_cache_is_used(served, tmp_path, monkeypatch):
    monkeypatch.delenv("LECTURES_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data.planetoid("citeseer")
    assert len([*(tmp_path / "cache" / "lectures").iterdir()]) == 8
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    data.planetoid("citeseer")
    assert len([*(tmp_path / "home" / ".cache" / "lectures").iterdir()]) == 8


@pytest.mark.parametrize("name", ["Cora", "pubmed", "", "../cora"])
def test_an_unknown_network_is_named(name):
    with pytest.raises(data.DataError, match=r"; there are: cora, citeseer$") as error:
        data.planetoid(name)
    assert repr(name) in str(error.value)


def test_the_authors_repository_is_the_default(monkeypatch, tmp_path):
    asked = []

    def urlopen(request, **_):
        asked.append(request.full_url)
        raise OSError("no network")

    monkeypatch.delenv("LECTURES_PLANETOID_URL", raising=False)
    monkeypatch.setattr(files, "urlopen", urlopen)
    refusal("cora", tmp_path)
    assert asked == [
        "https://github.com/kimiyoung/planetoid/raw/master/data/ind.cora.x"
    ]
