"""NSS asks the running server for the status of certificates, by both of its libraries for paths.

NSS reads no list with a critical issuingDistributionPoint, which RFC 5280 5.2.5 demands of a partition's: it refuses, as it
should refuse what it does not understand, and learns the status of such certificates by OCSP.
"""

import shutil
from pathlib import Path

import pytest

from tests.interop.issued import Half, tool
from tests.interop.standing import GOOD, HELD, REVOKED, Standing

MISSING = [name for name in ("certutil", "crlutil", "ocspclnt", "vfychain") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

STATES = (GOOD, HELD, REVOKED)
MAIL_SIGNER = "4"
UNKNOWN_EXTENSION = "SEC_ERROR_CRL_UNKNOWN_CRITICAL_EXTENSION"


@pytest.fixture
def store(standing: Standing, tmp_path: Path) -> str:
    """A store that trusts the root and knows no list."""
    folder = f"sql:{tmp_path}"
    tool("certutil", "-N", "-d", folder, "--empty-password")
    tool("certutil", "-A", "-d", folder, "-n", "root", "-t", ",C,", "-a", "-i", standing.root)
    tool("certutil", "-A", "-d", folder, "-n", "issuing", "-t", ",,", "-a", "-i", standing.issuing)
    for state in STATES:
        tool("certutil", "-A", "-d", folder, "-n", state, "-t", ",,", "-a", "-i", standing.pairs[state].signing.certificate)
    return folder


def verify(store: str, half: Half, method: str, *, fails: bool) -> str:
    """libpkix: the path for signed mail, with status that must be had, and had now, by one method."""
    demanded = ("-g", "leaf", "-h", "requireFreshInfo", "-m", method, "-s", "requireInfo,failIfNoInfo")
    return tool("vfychain", "-d", store, "-u", MAIL_SIGNER, "-pp", *demanded, "-a", half.certificate, fails=fails)


def test_nss_learns_each_status_by_ocsp(standing: Standing, store: str) -> None:
    for state in STATES:
        half = standing.pairs[state].signing
        assert ("has been revoked" in verify(store, half, "ocsp", fails=state != GOOD)) == (state != GOOD)


def test_its_older_library_does_too(standing: Standing, store: str) -> None:
    for state in STATES:
        said = tool("ocspclnt", "-S", state, "-d", store)  # which ends with 0 whatever it found
        assert ("succeeded" in said, "has been revoked" in said) == (state == GOOD, state != GOOD)


def test_nss_learns_each_status_by_the_list_that_it_fetches(standing: Standing, store: str) -> None:
    for state in STATES:
        half = standing.pairs[state].signing
        readable = standing.folder.name.startswith("whole")
        assert ("is good" in verify(store, half, "crl", fails=not readable or state != GOOD)) == (readable and state == GOOD)


def test_nss_takes_every_list_without_a_distribution_point(standing: Standing, store: str) -> None:
    for crl in (standing.root_crl, standing.full_crl):
        tool("crlutil", "-I", "-d", store, "-i", crl.with_suffix(".crl"))
    for state in STATES:
        said = tool("certutil", "-V", "-d", store, "-n", state, "-u", "S", "-e", fails=state != GOOD)
        assert ("has been revoked" in said) == (state != GOOD)


def test_nss_refuses_a_list_of_a_partition_and_says_why(parted: Standing, tmp_path: Path) -> None:
    folder = f"sql:{tmp_path}"
    tool("certutil", "-N", "-d", folder, "--empty-password")
    tool("certutil", "-A", "-d", folder, "-n", "issuing", "-t", ",C,", "-a", "-i", parted.issuing)
    one = parted.crl_of(parted.pairs[REVOKED].signing).with_suffix(".crl")
    assert UNKNOWN_EXTENSION in tool("crlutil", "-I", "-d", folder, "-i", one, fails=True)
