"""PKCE, with the vector of RFC 7636 appendix B."""

import pytest

from directca.oauth import pkce

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_vector_of_the_rfc() -> None:
    assert pkce.challenge(VERIFIER) == CHALLENGE
    assert pkce.proves(VERIFIER, CHALLENGE)


def test_another_verifier_proves_nothing() -> None:
    assert not pkce.proves(VERIFIER[:-1] + "l", CHALLENGE)


def test_the_challenge_is_no_verifier_of_itself() -> None:
    assert not pkce.proves(CHALLENGE, CHALLENGE)


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 129, "a" * 42 + "+", "a" * 42 + " ", "ä" * 43, "a" * 43 + "\n"])
def test_a_verifier_has_43_to_128_unreserved_characters(text: str) -> None:
    assert not pkce.is_verifier(text)
    assert not pkce.proves(text, CHALLENGE)


@pytest.mark.parametrize("text", ["a" * 43, "a" * 128, "-._~" * 11])
def test_every_allowed_length_and_character_is_a_verifier(text: str) -> None:
    assert pkce.is_verifier(text)


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + ".", "a" * 43 + "\n"])
def test_a_challenge_is_43_base64url_characters(text: str) -> None:
    assert not pkce.is_challenge(text)


def test_plain_is_not_offered() -> None:
    assert pkce.METHODS == ("S256",)
