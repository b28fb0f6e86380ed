"""What pages use of other people's scripts is, byte for byte, what the record of its bundling says, and has its licences."""

import hashlib
import json
from typing import Any

from tests.house.sources import ROOT

FOLDER = ROOT / "src" / "directca" / "web" / "static" / "vendored"
TOOL = ROOT / "tools" / "vendored"
PERMISSIVE = {"MIT", "BSD-3-Clause"}


def recorded() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "vendored.json").read_text())
    return found


def test_every_vendored_script_is_the_recorded_one() -> None:
    scripts = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in FOLDER.glob("*.js")}
    assert scripts == {name: entry["sha256"] for name, entry in recorded().items()}


def test_it_was_made_of_the_locked_packages_and_their_licences_are_there() -> None:
    locked = json.loads((TOOL / "package-lock.json").read_text())["packages"]
    texts = (FOLDER / "licences.txt").read_text()
    for entry in recorded().values():
        for name, package in entry["packages"].items():
            found = locked[f"node_modules/{name}"]
            assert (package["version"], package["integrity"]) == (found["version"], found["integrity"]), name
            assert package["licence"] in PERMISSIVE, name
            assert package.get("only") == "bundles" or f"{name} {package['version']} (" in texts


def test_it_sends_nothing_anywhere_and_evaluates_nothing() -> None:
    for path in FOLDER.glob("*.js"):
        text = path.read_text()
        for word in ("eval(", "new Function", "importScripts", "XMLHttpRequest", "WebSocket", "sendBeacon", "fetch("):
            assert word not in text, f"{path.name} has {word}"
