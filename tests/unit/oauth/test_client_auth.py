"""Who the application is, and who it is not."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from directca.oauth import client_auth, tokens
from directca.oauth.client_auth import Credentials
from directca.oauth.errors import InvalidClient, InvalidRequest
from directca.oauth.model import Client, ClientStatus
from directca.oauth.protocol import OAuthRequest, Parameters
from tests.unit.oauth.world import MORNING

CONFIDENTIAL = Client(
    "app", "App", "Owner", None, True, False, tokens.digest("s3cret"), (), ("tuser.account",), ClientStatus.ACTIVE, MORNING
)
PUBLIC = replace(CONFIDENTIAL, confidential=False, secret_digest=None)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def request(authorization: str | None = None, **fields: str) -> OAuthRequest:
    return OAuthRequest(Parameters(tuple(fields.items())), authorization)


def test_the_secret_may_be_in_the_body() -> None:
    assert client_auth.present(request(client_id="app", client_secret="s")) == Credentials("app", "s")


def test_the_secret_may_be_in_the_header() -> None:
    assert client_auth.present(request(basic("app", "s"))) == Credentials("app", "s")
    assert client_auth.present(request(basic("app", "s").replace("Basic", "bAsIc"))) == Credentials("app", "s")


def test_both_halves_of_the_header_are_form_encoded() -> None:
    assert client_auth.present(request(basic("a:p p", "s%:+ ä"))) == Credentials("a:p p", "s%:+ ä")


def test_the_client_id_may_stand_beside_the_header_if_it_is_the_same() -> None:
    assert client_auth.present(request(basic("app", "s"), client_id="app")) == Credentials("app", "s")
    with pytest.raises(InvalidRequest):
        client_auth.present(request(basic("app", "s"), client_id="other"))


def test_two_methods_at_once_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        client_auth.present(request(basic("app", "s"), client_secret="s"))


def test_an_access_token_in_the_header_is_called_by_its_name() -> None:
    with pytest.raises(InvalidClient, match="scheme Basic"):
        client_auth.present(request("Bearer token", client_id="app", client_secret="s"))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YXBw",  # no colon
        "Basic OnNlY3JldA==",  # no client_id
        "Basic /w==",  # not UTF-8
        "Basic " + b64encode(b"app:%FF").decode(),
        "Basic " + b64encode(b"app%00:s").decode(),
        "Basic " + b64encode("äpp:s".encode()).decode(),
        "Bearer abc",
        "Digest username=app",
    ],
)
def test_a_header_that_is_not_basic_credentials_is_refused(header: str) -> None:
    with pytest.raises(InvalidClient):
        client_auth.present(request(header, client_id="app"))


def test_nobody_is_nobody() -> None:
    with pytest.raises(InvalidClient):
        client_auth.present(request())
    with pytest.raises(InvalidClient):
        client_auth.present(request(client_id="", client_secret="s"))


def test_the_right_secret_proves_a_confidential_application() -> None:
    assert client_auth.authenticate(Credentials("app", "s3cret"), CONFIDENTIAL, MORNING) is CONFIDENTIAL


@pytest.mark.parametrize(
    ("secret", "client"),
    [
        ("wrong", CONFIDENTIAL),
        ("", CONFIDENTIAL),
        (None, CONFIDENTIAL),
        ("s3cret", None),
        (None, None),
        ("", None),
        ("s3cret", replace(CONFIDENTIAL, status=ClientStatus.DISABLED)),
        ("s3cret", replace(CONFIDENTIAL, secret_digest=None)),
        (None, replace(CONFIDENTIAL, secret_digest=None)),
        ("", replace(CONFIDENTIAL, secret_digest=None)),
        ("s3cret", PUBLIC),
        (None, replace(PUBLIC, status=ClientStatus.DISABLED)),
    ],
)
def test_everything_else_proves_nothing_and_is_told_the_same(secret: str | None, client: Client | None) -> None:
    with pytest.raises(InvalidClient) as refused:
        client_auth.authenticate(Credentials("app", secret), client, MORNING)
    with pytest.raises(InvalidClient) as unknown:
        client_auth.authenticate(Credentials("nobody", "x"), None, MORNING)
    assert refused.value.detail == unknown.value.detail


def test_a_public_application_is_known_by_its_name_alone() -> None:
    assert client_auth.authenticate(Credentials("app", None), PUBLIC, MORNING) is PUBLIC


def test_a_name_alone_is_no_authorization() -> None:
    assert client_auth.authenticate_with_secret(Credentials("app", "s3cret"), CONFIDENTIAL, MORNING) is CONFIDENTIAL
    with pytest.raises(InvalidClient):
        client_auth.authenticate_with_secret(Credentials("app", None), PUBLIC, MORNING)
