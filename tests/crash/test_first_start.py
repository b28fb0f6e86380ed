"""A first start that is killed after any of its commits or signatures is completed by the next one: in `make test` after every
signature and every second commit, in `make engines` after all of them."""

import os
import subprocess
import sys
from pathlib import Path

from tests.crash.points import ROOT
from tests.engines import ALL

# The certificates of the root and of the issuing CA, and a CRL of each.
SIGNATURES = {f"after signature {number}" for number in (1, 2, 3, 4)}


def test_a_first_start_is_completed_after_a_crash_at_any_moment(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "tests.crash.first_start", str(tmp_path)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", **{name: os.environ[name] for name in (ALL,) if name in os.environ}},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    moments = ended.stdout.splitlines()
    assert set(moments) >= SIGNATURES
    assert len(moments) > 10
