"""Forms in, answers out."""

import re

import pytest

from directca.errors import Unavailable
from directca.oauth import protocol
from directca.oauth.errors import InvalidClient, InvalidGrant, InvalidRequest
from directca.oauth.protocol import FORM, Parameters, parse_form, refusal


def test_a_form_is_read_in_order_with_repetitions() -> None:
    assert parse_form(FORM, b"a=1&b=%C3%A4+x&a=2&c=").pairs == (("a", "1"), ("b", "ä x"), ("a", "2"), ("c", ""))


@pytest.mark.parametrize("content_type", [FORM, FORM.upper(), FORM + "; charset=utf-8", FORM + ';charset="UTF-8"'])
def test_the_form_type_is_accepted(content_type: str) -> None:
    assert parse_form(content_type, b"a=1").one("a") == "1"


@pytest.mark.parametrize("content_type", [None, "", "application/json", "text/plain", FORM + "; charset=utf-16", "x" + FORM])
def test_any_other_type_is_refused(content_type: str | None) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(content_type, b"grant_type=authorization_code")


@pytest.mark.parametrize("body", [b"a=%FF", b"\xff=1", b"a=" + b"x" * 65_536, b"&".join([b"a=1"] * 101)])
def test_a_body_that_is_not_a_reasonable_form_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_form(FORM, body)


def test_an_empty_parameter_counts_as_absent() -> None:
    parameters = Parameters((("scope", ""),))
    assert parameters.one("scope") is None
    with pytest.raises(InvalidRequest):
        parameters.required("scope")


def test_a_repeated_parameter_has_no_value_and_is_refused() -> None:
    parameters = Parameters((("scope", "a"), ("scope", "a")))
    assert parameters.one("scope") is None
    with pytest.raises(InvalidRequest, match="scope"):
        parameters.check_shape(["scope"])


def test_a_parameter_repeated_without_a_value_is_refused_too() -> None:
    with pytest.raises(InvalidRequest):
        Parameters((("scope", ""), ("scope", "a"))).check_shape(["scope"])


def test_unknown_parameters_may_be_anything() -> None:
    Parameters((("x", "\x00"), ("x", "ä"))).check_shape(["scope"])


@pytest.mark.parametrize("value", ["\x00", "a\nb", "ä", "\x7f"])
def test_known_parameters_are_printable_ascii(value: str) -> None:
    with pytest.raises(InvalidRequest):
        Parameters((("scope", value),)).check_shape(["scope"])


def test_a_refusal_has_the_form_of_the_rfc_and_the_key_of_the_api() -> None:
    answer = refusal(InvalidGrant("Gone."))
    assert answer.status == 400
    assert answer.body == {"error": "invalid_grant", "error_description": "Gone.", "description": "Gone."}
    assert dict(answer.headers) == {"Cache-Control": "no-store", "Pragma": "no-cache"}


def test_a_client_that_did_not_prove_itself_is_told_a_scheme() -> None:
    answer = refusal(InvalidClient("Who?"))
    assert answer.status == 401
    assert dict(answer.headers)["WWW-Authenticate"].startswith("Basic realm=")


def test_a_description_keeps_to_the_characters_of_the_rfc() -> None:
    described = protocol.description('a "b" \\ ä \n \x7f')
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", described)


def test_an_unavailable_server_says_when_to_come_back() -> None:
    answer = protocol.unavailable(Unavailable("internal words", retry_after=7))
    assert (answer.status, answer.body["error"]) == (503, "temporarily_unavailable")
    assert dict(answer.headers)["Retry-After"] == "7"
    assert "internal words" not in str(answer.body)
