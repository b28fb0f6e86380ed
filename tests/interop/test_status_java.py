"""The JDK's revocation checker asks the running server, by OCSP and by CRL, and takes silence for a failure."""

import shutil
from pathlib import Path

import pytest

from tests.interop.issued import tool
from tests.interop.standing import GOOD, HELD, REVOKED, Standing

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed")

PROGRAM = Path(__file__).parent / "java" / "Status.java"
REASONS = {HELD: "CERTIFICATE_HOLD", REVOKED: "KEY_COMPROMISE"}


def verdicts(standing: Standing, way: str) -> list[tuple[str, str]]:
    """How each certificate stands, and what Java says of it."""
    halves = list(standing.halves())
    said = tool(
        "java",
        "-XX:TieredStopAtLevel=1",
        PROGRAM,
        way,
        standing.root,
        standing.issuing,
        *(half.certificate for _, half in halves),
    )
    told = dict(line.partition(" ")[::2] for line in said.splitlines() if line.startswith(str(standing.folder)))
    return [(state, told[str(half.certificate)]) for state, half in halves]


@pytest.mark.parametrize(("way", "authority"), [("default", "OCSP"), ("ocsp", "OCSP"), ("crl", "CA, O=")])
def test_only_what_is_good_is_valid(standing: Standing, way: str, authority: str) -> None:
    for state, verdict in verdicts(standing, way):
        if state == GOOD:
            assert verdict == "VALID"
        else:
            assert verdict.startswith("INVALID REVOKED ")
            assert f"reason: {REASONS[state]}," in verdict
            assert authority in verdict.partition("authority: ")[2]  # who said so: the responder, or the CA by its list


def test_nothing_is_valid_without_an_answer(whole: Standing) -> None:
    for _, verdict in verdicts(whole, "elsewhere"):
        assert verdict.startswith("INVALID UNDETERMINED_REVOCATION_STATUS")
