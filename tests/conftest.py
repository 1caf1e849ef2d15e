"""What all test files share: no network, and a quiet browser."""

import os
import socket
import sys
from pathlib import Path

import pytest

from tools.writing import ToolError

# As make has it, for a pytest without make: two threads of torch that spin stop the
# tests beside them. It is read when torch is imported, so nothing above imports torch.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

LONG = {"test_browser", "test_cluster", "test_grading", "test_slides", "test_sabotage"}
HERE = {"", "localhost", "localhost.localdomain", "::1", "0.0.0.0", "::"}


def refuse_the_network(event: str, arguments: tuple) -> None:
    """Fail the test that asks for another machine, from the first name looked up.

    Python tells its audit hooks of each connection before it is made. It does so in
    this process only: kernels, pip, npm and other programs that a test starts are not
    covered.
    """
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # else a path
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if isinstance(host, str) and not is_here(host):
        pytest.fail(f"the test asks for {host}: no test may need a network")


def is_here(host: str) -> bool:
    """Whether a name or address is that of this machine."""
    return host in HERE or host.startswith("127.") or host == socket.gethostname()


sys.addaudithook(refuse_the_network)


def is_long(path: Path) -> bool:
    """Whether the tests of a file take a minute or more."""
    return path.parent.name == "notebooks" or path.stem in LONG


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files: the short ones fill the gaps at the end.

    xdist would begin with those of the most tests (--no-loadscope-reorder).
    """
    items.sort(key=lambda item: not is_long(item.path))


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that asks nothing of the network by itself."""
    from tools.web import slides

    try:
        with slides.chromium() as browser:
            yield browser
    except ToolError as error:
        pytest.skip(str(error))
