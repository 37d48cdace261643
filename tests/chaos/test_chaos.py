"""The command that breaks everything, in a short version."""

import re
import subprocess

import pytest

from tests.chaos.run import NOT_HERE
from tests.support.peers import unavailable
from tests.support.processes import ROOT


def test_killed_workers_and_a_restarted_database_lose_nothing_and_submit_nothing_twice() -> None:
    command = ["scripts/chaos", "--submissions=12", "--kills=12", "--restarts=2", "--workers=2"]
    done = subprocess.run(
        command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=900
    )
    if done.returncode == NOT_HERE:
        unavailable(done.stdout.strip().splitlines()[-1])
    print(done.stdout)
    if done.returncode:
        missed = re.findall(r"^MISSED (?!nothing).*$", done.stdout, flags=re.MULTILINE)
        pytest.fail("\n".join([*missed, done.stderr[-2000:]]), pytrace=False)
    assert "MISSED nothing" in done.stdout
