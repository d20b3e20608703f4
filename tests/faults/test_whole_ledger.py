"""After every fault of this run: the chain of seals holds, and the kept counts equal the records."""

import json
import subprocess
import sys

import pytest

from tests.faults.promises import measured
from tests.faults.stack import Stack
from tests.sites import BASE_DIR

pytestmark = [pytest.mark.faults, pytest.mark.engine]


def run(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *words]
    return subprocess.run(
        command, cwd=BASE_DIR, env=stack.site.environment, check=False, capture_output=True, text=True
    )


def test_what_faults_left_is_whole(stack: Stack) -> None:
    """By its name the last of its folder: it ends what the others' people were in, and looks at all of it."""
    fault = "all of these faults, one after the other"
    if not stack.value("SELECT count(*) FROM attendance_presencespan"):
        stack.people(10)  # asked for alone: then it looks at a lecture to which nobody came
    done = run(stack, "-m", "tests.faults.ledger")
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    chain, counts = run(stack, "manage.py", "verify_chain"), run(stack, "manage.py", "rebuild_summary", "--check")
    kept = [
        measured(fault, "nobody waits for a verdict", found["waiting"], unit="roster rows", most=0),
        measured(fault, "verify_chain finds nothing altered", chain.returncode, unit="exit status", most=0),
        measured(fault, "rebuild_summary --check finds no difference", counts.returncode, unit="exit status", most=0),
    ]
    assert all(kept), (found, chain.stdout[-1000:], counts.stdout[-1000:])
