"""The client is an outsider: it knows the server by the published API alone."""

import os
import subprocess
import sys

from tests.live import ROOT

PURE = ("directca", "directca.cli", "directca.clock", "directca.direct", "directca.errors")
SHOWN = "import sys, directca.cli.client.app as client; print(*(name for name in sys.modules if name.startswith('directca')))"


def test_nothing_of_the_server_is_loaded() -> None:
    search = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run([sys.executable, "-c", SHOWN], capture_output=True, text=True, check=True, env=search)
    loaded = set(done.stdout.split())
    assert "directca.cli.client.connection" in loaded
    strangers = {name for name in loaded if name not in PURE and not name.startswith(("directca.cli.", "directca.direct."))}
    assert strangers == set()
