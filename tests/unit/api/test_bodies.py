"""JSON bodies are read strictly, and every refusal names what is wrong."""

import json
import re

import pytest
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request

import directca.app  # noqa: F401  (loads every module of the API, and with it every model)
from directca.api import bodies
from directca.api.application_models import NewApplicationBody
from directca.api.bodies import BadContentType, BadJson, BadParameter, TooLarge, UnknownParameter
from directca.api.certificate_models import CertificateRequest
from directca.direct.oids import OrganizationType

JSON = "application/json"


def parsed(**values: object) -> CertificateRequest:
    return bodies.parsed(CertificateRequest, values)


def a_request(query: str = "", *parts: bytes, **headers: str) -> Request:
    sent = list(parts) or [b""]

    async def receive() -> dict[str, object]:
        part = sent.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(sent)}

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": query.encode(),
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }
    return Request(scope, receive)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b"\xff\xfe{}",
        b'{"a": "\xe9"}',
        b"[" * 50_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        json.dumps({"a": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}).encode(),
    ],
)
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadJson):
        bodies.as_object(body, JSON, required=True)


@pytest.mark.parametrize(
    "media", [None, "", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
)
def test_another_content_type_is_refused(media: str | None) -> None:
    with pytest.raises(BadContentType):
        bodies.as_object(b"{}", media, required=True)


@pytest.mark.parametrize("media", ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'])
def test_json_is_json_however_it_is_spelt(media: str) -> None:
    assert bodies.as_object(b'{"a": 1}', media, required=True) == {"a": 1}


@pytest.mark.parametrize(
    ("body", "words"),
    [(b"", "is empty"), (b" \r\n", "is empty"), (b"\xef\xbb\xbf{}", "byte order mark"), (b"{'a': 1}", "column 2")],
)
def test_the_refusal_of_a_body_says_what_to_do(body: bytes, words: str) -> None:
    with pytest.raises(BadJson, match=words) as bad:
        bodies.as_object(body, JSON, required=True)
    assert "utf-8-sig" not in bad.value.detail


def test_an_optional_body_may_be_absent() -> None:
    assert bodies.as_object(b"", None, required=False) == {}
    with pytest.raises(BadContentType):
        bodies.as_object(b"{}", None, required=False)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_body_is_bounded_before_it_is_whole(anyio_backend: str) -> None:
    assert await bodies.read(a_request("", b"a" * bodies.LARGEST)) == b"a" * bodies.LARGEST
    with pytest.raises(TooLarge):
        await bodies.read(a_request("", content_length=str(bodies.LARGEST + 1)))
    with pytest.raises(TooLarge):
        await bodies.read(a_request("", b"a" * 40_000, b"a" * 40_000))


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_body_comes_in_pieces_and_none_of_a_client_that_leaves_between_them(anyio_backend: str) -> None:
    assert await bodies.read(a_request("", b"a", b"", b"b", b"c")) == b"abc"
    messages: list[dict[str, object]] = [
        {"type": "http.request", "body": b'{"a":', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, object]:
        return messages.pop(0)

    with pytest.raises(ClientDisconnect):
        await bodies.read(Request(a_request().scope, receive))


def test_a_number_that_is_too_long_is_refused_in_our_own_words() -> None:
    with pytest.raises(BadJson, match="digits") as refused:
        bodies.as_object(b'{"durationYear": ' + b"9" * 5000 + b"}", JSON, required=True)
    assert "sys." not in refused.value.detail


def test_a_long_key_is_named_by_its_beginning() -> None:
    with pytest.raises(UnknownParameter) as unknown:
        parsed(**{"x" * 30_000: 1})
    assert len(unknown.value.field or "") == 60


def test_a_header_that_is_sent_twice_is_none() -> None:
    def request(*values: bytes) -> Request:
        return Request({"type": "http", "headers": [(b"idempotency-key", value) for value in values]})

    assert bodies.only_header(request(), "Idempotency-Key") is None
    assert bodies.only_header(request(b"a"), "Idempotency-Key") == "a"
    with pytest.raises(BadParameter):
        bodies.only_header(request(b"a", b"a"), "Idempotency-Key")


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(UnknownParameter) as unknown:
        parsed(durationYears=1)
    assert unknown.value.field == "durationYears"
    with pytest.raises(UnknownParameter) as inner:
        parsed(subject={"email": "x"})
    assert inner.value.field == "subject.email"


@pytest.mark.parametrize("value", [True, False, 1.5, 1.0, "1.5", "x", "", "-1", "+1", " 1", "1e0", [1], {}, "١"])
def test_a_duration_is_a_whole_number(value: object) -> None:
    with pytest.raises(BadParameter) as bad:
        parsed(durationYear=value)
    assert bad.value.field == "durationYear"


@pytest.mark.parametrize(("value", "years"), [(1, 1), ("3", 3), ("03", 3), (0, 0), (-1, -1), (4, 4)])
def test_which_numbers_are_allowed_is_the_policys_question(value: object, years: int) -> None:
    assert parsed(durationYear=value).durationYear == years


@pytest.mark.parametrize(
    "values",
    [
        {"signingCertificatePkcs10Data": 1},
        {"encryptionCertificatePkcs10Data": ["x"]},
        {"subject": "x"},
        {"subject": {"commonName": 1}},
        {"organizationType": "Hospital"},
        {"organizationType": "coveredentity"},
        {"revokeImmediately": "true"},
        {"revokeImmediately": 1},
    ],
)
def test_a_value_of_another_kind_is_named(values: dict[str, object]) -> None:
    with pytest.raises(BadParameter) as bad:
        parsed(**values)
    assert (bad.value.field or "").startswith(next(iter(values)))


def every_body() -> list[type[BaseModel]]:
    """The models of all bodies of the API, which are those that refuse what they do not know."""
    known, found = [BaseModel], {}
    while known:
        for one in known.pop().__subclasses__():
            known.append(one)
            if one.__module__.startswith("directca.api.") and one.model_config.get("extra") == "forbid":
                found[one.__qualname__] = one
    return [found[name] for name in sorted(found)]


ODD_VALUES: list[object] = [
    None, True, 0, -1, 1.5, 10**29, "", "\0", "x", "x" * 5000, [], [None], [[]], ["x" * 5000], ["x"] * 5000, {}, {"x": 1},
]  # fmt: skip
_LIBRARY = re.compile(r"Input should|should have|valid (list|dictionary|integer|boolean|string)|instance of|Field required|None")


@pytest.mark.parametrize("model", every_body(), ids=lambda model: model.__qualname__)
def test_every_refusal_is_in_our_own_words(model: type[BaseModel]) -> None:
    for values in [{}, *({info.alias or name: value} for name, info in model.model_fields.items() for value in ODD_VALUES)]:
        assert not _LIBRARY.search(said_of(model, values)), values


def said_of(model: type[BaseModel], values: dict[str, object]) -> str:
    try:
        bodies.parsed(model, values)
    except (BadParameter, UnknownParameter) as bad:
        return bad.detail
    return ""


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "x" * 101}, "name: at most 100 characters are wanted."),
        ({"redirect_uris": ["x"] * 21}, "redirect_uris: a list of at most 20 is wanted."),
        ({"redirect_uris": "x"}, "redirect_uris: a list is wanted."),
        ({"kind": "secret"}, "kind: 'confidential' or 'public' is wanted."),
        ({"native": 1}, "native: true or false is wanted."),
        ({}, "name: it is required."),
    ],
)
def test_a_refusal_says_what_is_wanted(values: dict[str, object], said: str) -> None:
    with pytest.raises(BadParameter) as bad:
        bodies.parsed(NewApplicationBody, ({"name": "x", "redirect_uris": []} if values else {}) | values)
    assert bad.value.detail == said


def test_a_key_without_a_name_is_called_by_it() -> None:
    with pytest.raises(UnknownParameter, match="no parameter ''"):
        parsed(**{"": 1})


def test_null_is_as_if_absent() -> None:
    empty = parsed(signingCertificatePkcs10Data=None, durationYear=None, subject=None, organizationType=None)
    assert empty.application(None) == parsed().application(None)


def test_what_was_sent_reaches_the_verb() -> None:
    sent = parsed(
        signingCertificatePkcs10Data="s",
        encryptionCertificatePkcs10Data="e",
        durationYear="2",
        subject={"commonName": "n", "organization": "o", "organizationUnit": "u"},
        organizationType="Patient",
        revokeImmediately=True,
    ).application("key")
    assert (sent.signing_csr, sent.encryption_csr, sent.duration_years, sent.idempotency_key) == ("s", "e", 2, "key")
    assert (sent.hints.common_name, sent.hints.organization, sent.hints.organizational_unit) == ("n", "o", "u")
    assert (sent.organization_type, sent.revoke_immediately) == (OrganizationType.PATIENT, True)


def test_query_parameters_are_known_and_sent_once() -> None:
    bodies.no_parameters(a_request("dryRun=true"), "dryRun")
    with pytest.raises(UnknownParameter):
        bodies.no_parameters(a_request("dry=true"), "dryRun")
    with pytest.raises(BadParameter):
        bodies.no_parameters(a_request("dryRun=true&dryRun=true"), "dryRun")
    assert bodies.flag(a_request("dryRun=true"), "dryRun")
    assert not bodies.flag(a_request(), "dryRun")
    with pytest.raises(BadParameter):
        bodies.flag(a_request("dryRun=1"), "dryRun")
