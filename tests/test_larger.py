"""Outgrowing one machine: what site/larger.md promises of training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lectures_lib as ll
from tools import larger

ROOT = Path(__file__).parents[1]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.mark.skipif(sys.platform == "win32", reason="torch has no gloo there")
def test_two_processes_end_at_the_loss_of_one():
    command = [sys.executable, *TORCHRUN, "-m", "tools.larger"]
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""}
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    ll.setup()
    train = ll.data.fashion_mnist("train", larger.IMAGES)
    alone = ll.training.fit(larger.net(), train, epochs=larger.EPOCHS).train_loss
    assert alone[-1] < alone[0]
    assert json.loads(run.stdout) == pytest.approx(alone, abs=1e-4)
