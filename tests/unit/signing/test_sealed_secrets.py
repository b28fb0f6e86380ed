"""Secrets are sealed for one place under the passphrase, and nothing else opens them."""

import pytest

from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.sealed_secrets import SealedSecrets

SEALER = SealedSecrets(b"correct horse battery staple")


def test_what_was_sealed_is_opened_by_another_process_with_the_passphrase() -> None:
    first = SEALER.seal(b"JBSWY3DPEHPK3PXP", "row 1", None)
    second = SEALER.seal(b"JBSWY3DPEHPK3PXP", "row 2", first)
    assert first != second
    assert b"JBSWY3" not in first + second
    assert first[1:17] == second[1:17], "the passphrase is stretched once for both"
    other = SealedSecrets(b"correct horse battery staple")
    assert [other.open(first, "row 1"), other.open(second, "row 2")] == [b"JBSWY3DPEHPK3PXP"] * 2


def test_nothing_else_opens_it() -> None:
    sealed = SEALER.seal(b"secret", "row 1", None)
    with pytest.raises(KeyUnusable):
        SEALER.open(sealed, "row 2")
    for damaged in (b"", sealed[:20], sealed[:-1], b"\x02" + sealed[1:], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        with pytest.raises(KeyUnusable):
            SEALER.open(damaged, "row 1")
    with pytest.raises(KeyUnusable):
        SealedSecrets(b"another passphrase").open(sealed, "row 1")
    with pytest.raises(WrongPassphrase):
        SealedSecrets(b"").seal(b"secret", "row 1", None)
