"""A real kernel with the course in it, as a reader has it: what its cells put out."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from jupyter_client import KernelManager

ROOT = Path(__file__).parents[2]
SECONDS = 300  # for a cell: the machine may be busy

# What a notebook does: set up, draw by chance, train, claim and show; and the files
# that have more in them than ASCII.
CELLS = (
    "import lectures_lib as ll\nimport torch\n\ndevice = ll.setup()",
    "few = ll.data.fashion_mnist('train', 200)\nprint(torch.rand(1), few[1][:9])",
    """\
net = ll.models.small_cnn(28, seed=0)
history = ll.training.fit(net, few, epochs=2, batch_size=50)
print(history.train_loss, sum(w.double().sum().item() for w in net.parameters()))""",
    """\
first, last = history.train_loss
ll.claims.claim("X1", "the loss falls", ll.claims.less(last, than=first))
print(len(ll.claims.ledger()))""",
    """\
import matplotlib.pyplot as plt

fig, ax = plt.subplots()
ax.plot(history.train_loss, label="der Verlust fällt −")
ax.legend()
ll.figures.show(fig, alt="The loss by epoch: it falls.")""",
    """\
print(ascii([ll.data.published("ilsvrc"), ll.text.sentences()[:3], ll.data.verify()]))
print(ll.recorded.load("regularizers").sound)
ll.quiz("1.1")""",
)


class Kernel:
    """A kernel of Jupyter, and its client.

    Args:
        before: words that its command begins with.
        env: variables that it has besides those of this process.
    """

    def __init__(self, folder: Path, before: tuple[str, ...] = (), **env: str) -> None:
        # Ports are chosen before the kernel takes them: another program can be quicker.
        self.sockets = TemporaryDirectory()
        through = {"transport": "ipc", "ip": f"{self.sockets.name}/socket"}
        self.manager = KernelManager(kernel_name="python3", **through)
        spec = self.manager.kernel_spec
        spec.argv = [*before, sys.executable, *spec.argv[1:]]
        environment = os.environ | {"PYTHONPATH": str(ROOT)} | env
        self.manager.start_kernel(cwd=str(folder), env=environment)
        self.client = self.manager.client()
        self.client.start_channels()

    def wait(self) -> None:
        """Until it answers."""
        self.client.wait_for_ready(timeout=SECONDS)

    def run(self, source: str, heard: Callable[[], None] = lambda: None) -> str:
        """What a cell puts out; `heard` is called when it prints."""
        found = []

        def keep(message: dict) -> None:
            found.extend(outputs(message["msg_type"], message["content"]))
            if message["msg_type"] == "stream":
                heard()

        options = {"timeout": SECONDS, "allow_stdin": False, "output_hook": keep}
        self.client.execute_interactive(source, **options)
        return "".join(found)

    def run_all(self) -> list[str]:
        return [self.run(source) for source in CELLS]

    def signal(self, number: int) -> None:
        """Send its process a signal: SIGINT is the button that interrupts it."""
        os.kill(self.manager.provisioner.pid, number)

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.sockets.cleanup()


def outputs(kind: str, content: dict) -> Iterator[str]:
    """What a message of a kernel shows, a picture as its fingerprint; no stderr."""
    if kind == "stream" and content["name"] == "stdout":
        yield content["text"]
    elif "data" in content:
        data = content["data"]
        picture = data.get("image/png", data.get("text/html", ""))
        yield f"{data.get('text/plain')} {sha256(picture.encode()).hexdigest()}"
    elif kind == "error":
        yield content["ename"]


@contextmanager
def kernel(*words: object, **env: str) -> Iterator[Kernel]:
    """A kernel, ended after the block."""
    started = Kernel(*words, **env)
    try:
        started.wait()
        yield started
    finally:
        started.end()


def copied(folder: Path) -> Path:
    """The course's library and data in a folder of their own; its notebooks/."""
    without = shutil.ignore_patterns("__pycache__")
    for name in ("lectures_lib", "data", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=without)
    (folder / "notebooks").mkdir()
    return folder / "notebooks"
