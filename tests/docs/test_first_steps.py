"""What a newcomer pastes from the first page of the documentation works as it stands, block after block."""

import html
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.browser import Browser
from tests.live import ROOT, LiveServer

# The browser of somebody who signs in and grants: it is given a link and follows it to the end.
VISITOR = """#!{python}
import sys
sys.path.insert(0, {root!r})
import httpx2
from tests.live import LiveServer
from pathlib import Path
live = LiveServer({base_url!r}, Path({data!r}), None, None)
httpx2.get(live.redirect_after_consent(sys.argv[1])).raise_for_status()
"""
pytestmark = pytest.mark.xdist_group("samples")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder in which `make serve` was typed, for another data folder: the program is here, and the page says what is not."""
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


@pytest.fixture
def blocks(live: LiveServer) -> dict[str, str]:
    """The blocks of the page by the end of their id, as a browser copies them."""
    page = httpx2.get(f"{live.base_url}/docs").text
    found = re.findall(r'<code id="code-([^"]+)">(.*?)</code>', page, re.DOTALL)
    return {name: html.unescape(text) for name, text in found}


def pasted(folder: Path, text: str, **environment: str) -> str:
    """What a terminal shows when the text is pasted into it; a complaint fails the test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DIRECTCA_")}
    done = subprocess.run(
        ["bash", "-eu"],
        input=text + "\n",
        cwd=folder,
        env={**kept, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_first_certificate_with_the_command_line_client(live: LiveServer, folder: Path, blocks: dict[str, str]) -> None:
    if not (folder / ".venv" / "bin" / "directca").exists():
        pytest.skip("the program is not installed beside this interpreter")
    visitor = folder / "visitor"
    visitor.write_text(
        VISITOR.format(python=sys.executable, root=str(ROOT), base_url=live.base_url, data=str(live.data_dir)), encoding="utf-8"
    )
    visitor.chmod(0o700)
    name = f"first-{secrets.token_hex(4)}@{live.first.direct_domain}"
    block = blocks["with-the-command-line-client"].replace(f"alice@{live.first.direct_domain}", name)
    said = pasted(folder, block, BROWSER=f"{visitor} %s &", PYTHONPATH=str(ROOT / "src"))
    assert name in said
    assert (folder / name / "current" / "signing.cert.pem").exists()


def test_a_first_certificate_with_curl(live: LiveServer, folder: Path, blocks: dict[str, str]) -> None:
    missing = [tool for tool in ("curl", "jq", "openssl") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the page needs {', '.join(missing)}")
    name = f"first-{secrets.token_hex(4)}@{live.first.direct_domain}"
    said = dict(
        line.split(maxsplit=1) for line in pasted(folder, blocks["1-get-a-link"]).replace("user name", "user").splitlines()
    )
    assert (said["user"], said["password"]) == (live.first.username, live.first.password)
    with Browser(live.base_url) as browser:
        page = browser.submit(browser.open(said["open"]), "password", username=said["user"], password=said["password"])
        page = browser.submit(page, "decision", decision="grant")
    (redeem,) = [html.unescape(text) for text in re.findall(r"<code[^>]*>(TOKENS=.*?)</code>", page.text, re.DOTALL)]
    steps = [blocks["1-get-a-link"], redeem, blocks["2-make-keys-and-requests"], blocks["3-issue"]]
    # Some other test of this server may have taken the name that the page shows.
    said_last = pasted(folder, "\n".join(steps).replace(f"bob@{live.first.direct_domain}", name))
    assert json.loads(said_last.splitlines()[-1])["identifier"] == name
    (folder / "root.pem").write_text(live.first.root_pem)
    verified = pasted(
        folder, "openssl verify -purpose smimesign -CAfile root.pem -untrusted chain.pem signing.pem encryption.pem || true"
    )
    assert "signing.pem: OK" in verified
