"""A kernel interrupted, killed, run twice, beside others, in odd surroundings.

Each time the cells put out what they put out in a plain kernel, to the last pixel.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import kernels
from tests.faults.kernels import CELLS, Kernel

ODD = "100% [course] (a+b) {x} ñ ü 王 $HOME ~ #;& ' "


@pytest.fixture(scope="module")
def kernel(tmp_path_factory) -> Iterator[Kernel]:
    """A plain kernel, which these tests share."""
    with kernels.kernel(tmp_path_factory.mktemp("plain")) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def plain(kernel) -> list[str]:
    """What the cells put out in it the first time."""
    said = kernel.run_all()
    assert "✓ X1 the loss falls" in said[3] and "Figure: The loss" in said[4]
    assert "True" in said[5] and not any("Error" in text for text in said)
    return said


# The same kernel


def test_run_all_twice_is_the_same(kernel, plain):
    assert kernel.run_all() == plain


SLOWLY = """\
import time

def slowly(images, labels, generator):
    print("a batch", flush=True)
    time.sleep(60)
    return images, labels

"""


def test_a_cell_interrupted_in_fit_and_run_again_is_the_same(kernel, plain):
    training = CELLS[2]
    interrupted = SLOWLY + training.replace("epochs=2", "epochs=2, augment=slowly")
    said = kernel.run(interrupted, lambda: kernel.signal(signal.SIGINT))
    assert said == "a batch\nKeyboardInterrupt"
    assert kernel.run(training) == plain[2]


def test_a_kernel_killed_and_restarted_is_the_same(kernel, plain):
    kernel.signal(signal.SIGKILL)
    kernel.manager.provisioner.process.wait()
    assert not kernel.manager.is_alive()
    kernel.manager.restart_kernel(now=True)
    kernel.wait()
    assert "NameError" in kernel.run(CELLS[1])  # nothing is left of the first
    assert kernel.run_all() == plain


# Beside others


def test_two_notebooks_at_once_do_not_disturb_each_other(kernel, plain, tmp_path):
    with kernels.kernel(tmp_path) as other:
        other.client.execute("\n".join(CELLS))  # it is at work from now on
        assert kernel.run_all() == plain
        assert other.run_all() == plain


def test_twenty_kernels_at_once_all_answer(tmp_path):
    started = [Kernel(tmp_path) for _ in range(20)]
    try:
        for number, kernel in enumerate(started):
            kernel.wait()
            assert kernel.run(f"print({number} + 1)") == f"{number + 1}\n"
    finally:
        for kernel in started:
            kernel.end()


# Odd surroundings: those that have nothing to do with each other come together, since
# each kernel takes seconds.


@pytest.fixture(scope="module")
def locales(tmp_path_factory) -> str:
    """A folder with a Turkish locale and one of Windows' encoding."""
    folder = tmp_path_factory.mktemp("locales")
    if not shutil.which("localedef") or not Path("/usr/share/i18n/charmaps").exists():
        pytest.skip("localedef or its sources are not here")
    for source, encoding in (("tr_TR", "UTF-8"), ("en_US", "CP1252")):
        made = folder / f"{source}.{encoding}"
        command = ["localedef", "-c", "-i", source, "-f", encoding, made]
        subprocess.run(command, check=True, capture_output=True)
    return str(folder)


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
FAR_OFF = """\
import os, time
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
real = time.time
time.time = lambda: real() - 1.9e9  # before 1970
time.time_ns = lambda: int(time.time() * 1e9)
import datetime, locale
assert locale.getencoding() in ("ANSI_X3.4-1968", "US-ASCII")
assert datetime.datetime.now().astimezone().utcoffset().total_seconds() == 14 * 3600
"""


@pytest.mark.skipif(sys.platform != "linux", reason="cores are given so on Linux")
def test_one_core_ascii_and_a_clock_far_off_change_nothing(plain, tmp_path):
    with kernels.kernel(tmp_path, **ASCII, TZ="FAR-14") as kernel:
        assert kernel.run(FAR_OFF) == ""
        assert kernel.run_all() == plain


CONFIGURATION = """\
c = get_config()
c.InlineBackend.rc = {"figure.dpi": 40}
c.InlineBackend.figure_formats = {"svg"}
"""
STARTUP = """\
import locale, torch
locale.setlocale(locale.LC_ALL, "")
assert locale.getlocale()[0] == "tr_TR"
torch.set_default_dtype(torch.float64)
"""


def test_turkish_and_a_users_own_settings_change_nothing(plain, locales, tmp_path):
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "mine.py").write_text(STARTUP)
    (profile / "ipython_config.py").write_text(CONFIGURATION)
    (tmp_path / "matplotlibrc").write_text("figure.figsize: 2, 2\nfont.size: 30\n")
    settings = {"IPYTHONDIR": str(tmp_path / "ipython"), "MATPLOTLIBRC": str(tmp_path)}
    turkish = {"LC_ALL": "tr_TR.UTF-8", "LOCPATH": locales}
    with kernels.kernel(tmp_path, **settings, **turkish) as kernel:
        assert kernel.run("print(torch.get_default_dtype())") == "torch.float64\n"
        assert kernel.run_all() == plain


def read_only(*folders: Path) -> tuple[str, ...]:
    """Take the right to write away, from root as well: how its command then begins."""
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode & 0o555)
    if os.geteuid():
        return ()
    if not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and setpriv is not here")
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search")


TRIES = """\
import locale
from pathlib import Path

assert locale.getencoding() == "CP1252"
for folder in (Path(), Path("../data"), Path("../lectures_lib"), Path.home()):
    try:
        (folder / "new").touch()
        print("written")
    except PermissionError:
        pass
"""


def test_a_read_only_course_with_an_odd_name_on_cp1252_is_the_same(
    plain, locales, tmp_path
):
    course, home = tmp_path / ODD, tmp_path / "home"
    home.mkdir()
    notebooks = kernels.copied(course)
    before = read_only(course, home)
    place = {"HOME": str(home), "PYTHONPATH": str(course)}
    windows = {"LC_ALL": "en_US.CP1252", "LOCPATH": locales, "PYTHONUTF8": "0"}
    try:
        with kernels.kernel(notebooks, before, **place, **windows) as kernel:
            assert kernel.run(TRIES) == ""
            assert kernel.run_all() == plain
            assert ODD[:14] in kernel.run("print(ll.__file__)")
    finally:
        for folder in (course, home):
            for path in (folder, *folder.rglob("*")):
                path.chmod(path.stat().st_mode | 0o200)
