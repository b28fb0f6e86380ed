"""The client at work: an authority to talk to, a home of its own, a browser that says yes."""

import os
import threading
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from directca.cli.client.app import app
from tests.unit.cli_client import authority

Run = Callable[..., Result]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[authority.State]:
    """An authority, and a working folder and configuration that are empty."""
    for name in [each for each in os.environ if each.startswith("DIRECTCA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with authority.running() as state:
        yield state


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A browser that follows the link to its end; the addresses that it was shown."""
    shown: list[str] = []
    visits: list[threading.Thread] = []

    def visit(link: str) -> bool:
        shown.append(link)
        visits.append(threading.Thread(target=lambda: httpx2.get(link, follow_redirects=True, trust_env=False, verify=False)))
        visits[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", visit)
    yield shown
    for each in visits:
        each.join()


@pytest.fixture
def run() -> Run:
    """Run `directca client …`."""

    def invoke(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), input=stdin)

    return invoke


@pytest.fixture
def signed_in(server: authority.State, browser: list[str], run: Run) -> authority.State:
    """The authority, after `directca client login`."""
    done = run("login", "--server", server.issuer)
    assert done.exit_code == 0, done.stderr
    return server
