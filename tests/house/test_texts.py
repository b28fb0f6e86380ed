"""What must not stand in any file: package hosts, private keys, this or that machine's paths, promises without a number."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

from tests.house.sources import ROOT, exceptions, files, links

LOCKS = ("requirements/serve.lock", "requirements/test.lock", "tests/interop/node/package-lock.json")
# Written in halves, since this file is judged too.
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "npmjs" + ".com", "yarnpkg" + ".com", "deb.debian" + ".org")
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE" + r" KEY-----\\?[rn\s]+[A-Za-z0-9+/:, -]{20,}")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root|home/\w+)" + r"/")
PROMISE = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b(?!\(#\d+\))")
CODE_SUFFIXES = {".py", ".js", ".mjs", ".css", ".html", ".sh", ".java", ".toml", ".cfg", ""}


def findings(name: str, text: str) -> Iterator[str]:
    """What is wrong with one file."""
    yield from (f"{name}: names {host}" for host in HOSTS if host in text)
    if PRIVATE_KEY.search(text):
        yield f"{name}: holds a private key"
    if path := MACHINE_PATH.search(text):
        yield f"{name}: holds a path of some machine, {path.group()}"
    if PurePosixPath(name).suffix in CODE_SUFFIXES and PROMISE.search(text):
        yield f"{name}: a promise without an issue number, as in (#12)"
    if name in LOCKS and "://" in text:
        yield f"{name}: a lock file names a place"


def test_no_file_holds_what_it_must_not() -> None:
    found: list[str] = []
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a picture, or a file that was removed meanwhile
            continue
        found += findings(str(path.relative_to(ROOT)), text)
    assert not found, "\n".join(found)


def test_every_link_leads_to_a_file_of_the_repository() -> None:
    """One that leads elsewhere is of some machine; one in place of a folder that git ignores removes it where it is fetched."""
    assert [str(path.relative_to(ROOT)) for path in links() if path.resolve() not in files()] == []


@pytest.mark.parametrize(
    ("name", "text", "finding"),
    [
        ("README.md", "from files.python" + "hosted.org", "names python"),
        ("tests/key.txt", "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEowIBAAKCAQEAr0Zk7Tj1k2y3\n", "private key"),
        ("tests/x.py", '"-----BEGIN PRIVATE' + ' KEY-----\\nMIIEowIBAAKCAQEAr0Zk7Tj1k2y3"', "private key"),
        ("docs/x.md", "see /ro" + "ot/directca", "path of some machine"),
        ("src/directca/x.py", "# TO" + "DO: later", "a promise"),
        (".ci/run", "# FIX" + "ME", "a promise"),
        ("requirements/serve.lock", "x @ https" + "://x.example/x.whl", "names a place"),
    ],
)
def test_the_gate_sees_it(name: str, text: str, finding: str) -> None:
    assert any(finding in found for found in findings(name, text))


@pytest.mark.parametrize("text", ["# TO" + "DO(#12): later", "-----BEGIN PRIVATE" + " KEY-----", "GET /homepage/"])
def test_the_gate_accepts_what_is_meant(text: str) -> None:
    assert list(findings("src/directca/x.py", text)) == []


def test_the_two_lock_files_agree() -> None:
    """Whoever set up for the tests has what the server needs: tools/set-up relies on it."""
    serve, test = (_pins(f"requirements/{name}.lock") for name in ("serve", "test"))
    assert serve
    assert serve.items() <= test.items()


def test_every_package_is_pinned_with_a_hash() -> None:
    for name in LOCKS[:2]:
        blocks = re.split(r"\n(?=[a-z])", (ROOT / name).read_text())
        assert all("==" in block and "--hash=sha256:" in block for block in blocks), name


def test_no_allowed_skip_is_stale_or_without_a_reason() -> None:
    for entry in exceptions("skip"):
        assert len(entry["reason"]) > 20, f"{entry} needs a reason"
        file, _, name = entry["test"].partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{entry} names no test"


def test_the_project_file_leaves_the_versions_to_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["dependencies"] == []


def _pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / name).read_text(), flags=re.MULTILINE))
