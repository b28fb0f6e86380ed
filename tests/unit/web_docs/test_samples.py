"""The samples: complete, and with nothing left to fill in."""

import re

import pytest

from directca.web.docs.identifiers import Identifiers
from directca.web.docs.samples import LANGUAGES, answers, fill, functions, samples
from directca.web.docs.site import PAGES
from directca.web.docs.view import view

BASE = "https://ca.example.org"
FILLS = Identifiers().fills(BASE)
CERTIFICATE_FUNCTIONS = {"issue", "retrieve", "reissue", "renew", "revoke", "query"}
OAUTH_FUNCTIONS = {"authorize", "token", "refresh", "use", "revoke_token", "introspect"}


def test_every_function_has_samples() -> None:
    assert set(functions()) >= CERTIFICATE_FUNCTIONS | OAUTH_FUNCTIONS


@pytest.mark.parametrize("function", functions())
def test_a_function_has_a_sample_in_each_language(function: str) -> None:
    assert [sample.language for sample in samples(function)] == [key for key, _ in LANGUAGES]


@pytest.mark.parametrize("function", functions())
def test_a_sample_is_filled_completely_and_fits_its_panel(function: str) -> None:
    for sample in samples(function):
        text = fill(sample.text, FILLS)
        assert "{{ " not in text, sample.file_name
        assert BASE in text or function == "keys", sample.file_name
        assert max(len(line) for line in text.splitlines()) <= 98, sample.file_name


@pytest.mark.parametrize("function", functions())
def test_no_secret_is_typed_into_a_sample(function: str) -> None:
    for sample in samples(function):
        for name in ("CLIENT_SECRET", "ACCESS_TOKEN", "REFRESH_TOKEN", "STORE_PASSWORD"):
            assert not re.search(rf"^\s*(export )?{name}=(?!\$\()", sample.text, re.MULTILINE)


def test_an_unknown_placeholder_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{{ password }}", FILLS)


def test_the_short_texts_are_filled_by_every_page() -> None:
    for page in PAGES:
        assert set(view(page, {}, BASE).text) == set(answers())
