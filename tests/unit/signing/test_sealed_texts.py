"""Sealed texts: opened with the passphrase and for the record they belong to, and in no other way."""

import pytest

from directca.signing.errors import KeyUnusable, WrongPassphrase
from directca.signing.sealed_texts import SealedOnDemand, SealedTexts

NUMBER = "C01X00T47"


@pytest.fixture(scope="module")
def texts() -> SealedTexts:
    return SealedTexts(b"a passphrase")


def test_what_is_sealed_is_opened_elsewhere_with_the_passphrase(texts: SealedTexts) -> None:
    sealed = texts.seal(NUMBER, "proofing 1")
    assert NUMBER.encode() not in sealed
    assert SealedTexts(b"a passphrase").open(sealed, "proofing 1") == texts.open(sealed, "proofing 1") == NUMBER
    assert texts.seal(NUMBER, "proofing 1") != sealed


def test_it_belongs_to_its_record(texts: SealedTexts) -> None:
    with pytest.raises(WrongPassphrase):
        texts.open(texts.seal(NUMBER, "proofing 1"), "proofing 2")


def test_another_passphrase_or_another_octet_opens_nothing(texts: SealedTexts) -> None:
    sealed = texts.seal(NUMBER, "proofing 1")
    with pytest.raises(WrongPassphrase) as refusal:
        SealedTexts(b"another").open(sealed, "proofing 1")
    assert NUMBER not in refusal.value.detail
    with pytest.raises(WrongPassphrase):
        texts.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "proofing 1")
    for damaged in (b"", b"\x02" + sealed[1:], sealed[:29]):
        with pytest.raises(KeyUnusable):
            texts.open(damaged, "proofing 1")


def test_without_a_passphrase_nothing_is_sealed() -> None:
    with pytest.raises(WrongPassphrase):
        SealedTexts(b"")
    with pytest.raises(WrongPassphrase):
        SealedOnDemand(lambda: b"").seal(NUMBER, "proofing 1")


def test_the_passphrase_is_asked_for_when_something_is_sealed(texts: SealedTexts) -> None:
    asked: list[int] = []

    def passphrase() -> bytes:
        asked.append(1)
        return b"a passphrase"

    later = SealedOnDemand(passphrase)
    assert asked == []
    assert texts.open(later.seal(NUMBER, "proofing 1"), "proofing 1") == NUMBER
    later.seal(NUMBER, "proofing 2")
    assert asked == [1]
