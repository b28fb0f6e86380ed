"""Whatever is sent, the endpoints answer in the protocol's own words, and nothing but the right thing is let through."""

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase
from directca.oauth import redirects
from directca.oauth.authorize import PARAMETERS as ASKED
from directca.oauth.authorize import AuthorizationRequest, SendBack, consider
from directca.oauth.bearer import authenticate
from directca.oauth.errors import BearerRefused, CannotRedirect, InvalidRequest
from directca.oauth.introspect import introspect
from directca.oauth.model import Client, ClientStatus
from directca.oauth.protocol import FORM, OAuthRequest, Parameters, parse_form, parse_query
from directca.oauth.revoke import revoke
from directca.oauth.token import PARAMETERS, token
from tests.unit.oauth.world import MORNING, World, a_world, answer_of

DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")
ANYTHING = st.text(alphabet=st.characters(codec="utf-8"), max_size=60)
MODEST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    folder = TemporaryDirectory()
    database = SqliteDatabase(Path(folder.name) / "directca.sqlite", synchronous="OFF")
    with database.write() as tx:
        metadata.create_all(tx)
    made = a_world(database)
    yield made
    database.close()
    folder.cleanup()


def pairs(known: tuple[str, ...], values: st.SearchStrategy[str]) -> st.SearchStrategy[Parameters]:
    return st.lists(st.tuples(st.sampled_from(known) | ANYTHING, values | ANYTHING), max_size=8).map(tuple).map(Parameters)


@MODEST
@given(st.data())
def test_every_answer_of_the_endpoints_is_in_the_protocols_form(made: World, data: st.DataObject) -> None:
    plausible = st.sampled_from(
        [made.app.client.client_id, made.app.secret or "", "refresh_token", "authorization_code", "0" * 32]
    )
    parameters = data.draw(pairs((*PARAMETERS, "token", "token_type_hint"), plausible))
    header = data.draw(st.none() | ANYTHING | ANYTHING.map(lambda text: "Basic " + text))
    for verb in (token, revoke, introspect):
        answer = verb(made.oauth, OAuthRequest(parameters, header))
        assert answer.status in {200, 400, 401}
        assert verb is not token or answer.status != 200
        if answer.status != 200:
            assert set(answer.body) == {"error", "error_description", "description"}
            assert DESCRIPTION.fullmatch(str(answer.body["error_description"]))
            assert (answer.status == 401) == ("WWW-Authenticate" in dict(answer.headers))


@MODEST
@given(st.data())
def test_nobody_is_ever_sent_to_an_address_that_is_not_registered(made: World, data: st.DataObject) -> None:
    right = made.parameters()
    values = st.sampled_from([value for _, value in right.pairs])
    extra = data.draw(pairs(ASKED, values))
    base = data.draw(st.sampled_from([right.pairs, right.pairs[1:], ()]))
    try:
        outcome = consider(made.oauth, Parameters((*base, *extra.pairs)))
    except CannotRedirect:
        return
    if isinstance(outcome, SendBack):
        assert outcome.location.startswith(made.app.client.redirect_uris[0] + "?")
        assert set(answer_of(outcome)) <= {"error", "error_description", "state", "iss"}
        assert outcome.location.isascii()
        assert outcome.location.isprintable()
    else:
        assert isinstance(outcome, AuthorizationRequest)
        assert outcome.redirect_uri in outcome.client.redirect_uris


@MODEST
@given(ANYTHING | ANYTHING.map(lambda text: "Bearer " + text))
def test_no_invented_token_is_ever_good(made: World, header: str) -> None:
    with pytest.raises(BearerRefused):
        authenticate(made.oauth.database, made.clock, header)


@given(st.binary(max_size=300) | ANYTHING.map(str.encode))
def test_any_bytes_are_a_form_or_an_invalid_request(body: bytes) -> None:
    try:
        parsed = parse_form(FORM, body)
    except InvalidRequest:
        return
    assert all(isinstance(part, str) for pair in parsed.pairs for part in pair)


@given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=20))
def test_what_was_encoded_is_read_back(sent: list[tuple[str, str]]) -> None:
    assert list(parse_query(urlencode(sent)).pairs) == sent


URIS = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["127.0.0.1", "[::1]", "localhost", "app.example.org", "127.0.0.1.evil.example"]),
    st.sampled_from(["", ":80", ":8080", ":0", ":99999"]),
    st.sampled_from(["", "cb", "cb?x=1", "cb/", "CB"]),
)


@given(URIS, URIS, st.booleans())
def test_a_match_is_the_same_string_or_a_native_loopback_that_differs_in_its_port(one: str, two: str, native: bool) -> None:
    client = Client("a", "A", "B", None, True, native, None, (one,), ("tuser.account",), ClientStatus.ACTIVE, MORNING)
    if not redirects.matches(client, two) or one == two:
        assert redirects.matches(client, one)
        return
    first, second = urlsplit(one), urlsplit(two)
    assert native
    assert first.scheme == second.scheme == "http"
    assert first.hostname == second.hostname
    assert first.hostname in {"127.0.0.1", "::1", "localhost"}
    assert (first.path, first.query, first.fragment) == (second.path, second.query, second.fragment)
