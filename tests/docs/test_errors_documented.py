"""Every error code has its line and its anchor on the errors page."""

import re

import pytest
from starlette.testclient import TestClient

from directca.api import errors as api_errors
from directca.oauth.errors import OAuthError
from directca.web.docs.error_rows import COMMAND_ONLY, FAMILIES
from tests.house.test_errors import all_errors
from tests.unit.web_docs.conftest import BASE, an_app


@pytest.fixture(scope="module")
def page() -> str:
    """The errors page, with every room of the house loaded."""
    all_errors()
    with TestClient(an_app(), base_url=BASE) as reader:
        return reader.get("/docs/errors").text


def test_every_error_has_its_anchor(page: str) -> None:
    anchors = set(re.findall(r'<div id="([a-z0-9_]+)">', page))
    assert {error.slug for error in all_errors()} - anchors == set()


def test_every_oauth_error_has_its_anchor(page: str) -> None:
    waiting, words = [OAuthError], set()
    while waiting:
        error = waiting.pop()
        words.add(error.error)
        waiting.extend(error.__subclasses__())
    assert [word for word in sorted(words) if f'<div id="{word}">' not in page] == []


def test_the_answers_that_no_error_class_stands_for_are_there(page: str) -> None:
    for slug in ("internal_error", *(slug for slug, _ in api_errors._ROUTING.values())):
        assert f'<div id="{slug}">' in page


def test_statuses_are_those_of_the_api() -> None:
    assert {family: status for family, _, status, _ in FAMILIES} == dict(api_errors.STATUSES)


def test_the_list_of_command_errors_is_not_stale() -> None:
    assert COMMAND_ONLY - {error.slug for error in all_errors()} == set()


def test_each_error_has_an_explanation_in_words(page: str) -> None:
    explanations = re.findall(r"<dd>(.*?)</dd>", page, re.DOTALL)
    assert explanations
    assert [text for text in explanations if len(text.split()) < 3] == []
