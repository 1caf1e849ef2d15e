"""What several test files share: a quiet browser."""

import pytest

from tools import slides
from tools.writing import ToolError


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium that asks nothing of the network by itself."""
    try:
        with slides.chromium() as browser:
            yield browser
    except ToolError as error:
        pytest.skip(str(error))
