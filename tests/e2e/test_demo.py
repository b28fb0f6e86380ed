"""`make demo` is a test that a person can read; here it is one that a machine reads."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.live import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed"),
]
DEMO = [sys.executable, str(ROOT / "demo" / "first_certificate.py")]


def environment(temporary: Path) -> dict[str, str]:
    """An environment in which everything temporary is made in one folder."""
    return {**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"}


def test_every_step_holds_and_nothing_is_left(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(DEMO, capture_output=True, text=True, check=False, timeout=120, env=environment(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every step held." in done.stdout
    assert "signing: refused, “certificate revoked”" in done.stdout
    assert time.monotonic() - began < 60
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_demonstration_stops_its_server(tmp_path: Path) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(tmp_path)) as demo:
        assert demo.stdout is not None
        while not any(line.startswith("http") for line in [demo.stdout.readline().strip()]):
            assert demo.poll() is None, "the demonstration ended by itself"
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=30)
    assert demo.returncode == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_without_openssl_one_line_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    bare = {**environment(tmp_path), "PATH": str(tmp_path / "empty")}
    done = subprocess.run(DEMO, capture_output=True, text=True, check=False, timeout=60, env=bare)
    assert done.returncode == 1
    assert done.stderr == "The demonstration needs the openssl command. Install the package openssl.\n"
