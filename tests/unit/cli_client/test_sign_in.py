"""Signing in, staying signed in, signing out."""

import hashlib
import json
import ssl
import stat
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest

from directca.cli.client import credentials, loopback, tokens, transport
from directca.cli.client.failures import Misused, Unreachable
from directca.clock import SystemClock
from tests.unit.cli_client.authority import State
from tests.unit.cli_client.conftest import Run


def test_login_sends_pkce_and_state_and_keeps_the_tokens(signed_in: State, browser: list[str]) -> None:
    asked = dict(parse_qsl(urlsplit(browser[0]).query))
    redeemed = dict(parse_qsl(signed_in.calls("/oauth/token")[0].body.decode()))
    assert asked["client_id"] == "directca-cli"
    assert asked["scope"] == "tuser.account"
    assert asked["code_challenge_method"] == "S256"
    digest = hashlib.sha256(redeemed["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert len(asked["state"]) >= 22
    assert asked["redirect_uri"] == redeemed["redirect_uri"]
    assert credentials.load(None).access_token in signed_in.access_tokens


def test_tokens_are_for_their_owner_alone(signed_in: State) -> None:
    files = [path for path in credentials.store_folder().iterdir() if path.is_file()]
    assert files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(credentials.store_folder().stat().st_mode) == 0o700


def test_tokens_are_not_shown_by_repr(signed_in: State) -> None:
    kept = credentials.load(None)
    assert kept.access_token not in repr(kept)
    assert kept.refresh_token is not None
    assert kept.refresh_token not in repr(kept)


def test_login_without_browser_prints_the_link(server: State, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("login", "--server", server.issuer, "--no-browser", "--wait", "1")
    assert done.exit_code == 3
    assert f"{server.issuer}/oauth/authorize?response_type=code" in done.stderr
    assert "Nobody signed in within 1 seconds" in done.stderr


def test_an_answer_of_another_issuer_ends_the_sign_in(server: State, browser: list[str], run: Run) -> None:
    server.announced_issuer = "https://mallory.example"
    done = run("login", "--server", server.issuer)
    assert done.exit_code == 3
    assert "mallory.example" in done.stderr
    assert not server.calls("/oauth/token")


def test_refused_consent_is_told_with_its_code(server: State, browser: list[str], run: Run) -> None:
    server.deny = True
    done = run("login", "--server", server.issuer)
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-2].startswith("error: access_denied:")


def test_only_the_answer_with_the_right_state_is_taken() -> None:
    with loopback.listening("right") as listener:
        wrong = httpx2.get(listener.redirect_uri, params={"code": "a", "state": "wrong"}, trust_env=False)
        without = httpx2.get(listener.redirect_uri, params={"code": "a"}, trust_env=False)
        twice = httpx2.get(f"{listener.redirect_uri}?code=a&code=b&state=right", trust_env=False)
        elsewhere = httpx2.get(listener.redirect_uri.replace("callback", "favicon.ico"), trust_env=False)
        right = httpx2.get(listener.redirect_uri, params={"code": "b", "state": "right"}, trust_env=False)
        answer = listener.wait(1)
    assert [each.status_code for each in (wrong, without, twice, elsewhere, right)] == [400, 400, 400, 404, 200]
    assert answer == {"code": "b", "state": "right"}


@pytest.mark.parametrize(
    "address",
    [
        "http://ca.example.org",
        "ftp://ca.example.org",
        "ca.example.org",
        "http://127.0.0.1.example.org",
        "https://user:secret@ca.example.org",
        "https://ca.example.org/?x",
        "http://127.0.0.1:99999",
    ],
)
def test_tokens_go_to_https_or_to_this_machine_only(server: State, run: Run, address: str) -> None:
    done = run("login", "--server", address)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_server_with_another_name_is_not_signed_in_at(server: State, run: Run) -> None:
    port = urlsplit(server.issuer).port
    done = run("login", "--server", f"http://localhost:{port}")
    assert done.exit_code == 2
    assert f"--server {server.issuer}" in done.stderr


def test_nobody_listening_is_exit_code_3(server: State, run: Run) -> None:
    done = run("login", "--server", "http://127.0.0.1:9")
    assert done.exit_code == 3
    assert "Cannot reach http://127.0.0.1:9" in done.stderr


def test_commands_before_login_say_what_to_do(server: State, run: Run) -> None:
    done = run("show", "alice@direct.example.org")
    assert done.exit_code == 2
    assert "directca client login" in done.stderr


def test_a_token_that_has_run_out_is_renewed_before_it_is_used(signed_in: State, run: Run) -> None:
    _let_it_run_out()
    old = credentials.load(None)
    assert run("query").exit_code == 0
    assert signed_in.refreshes == 1
    assert credentials.load(None).refresh_token != old.refresh_token
    assert len(signed_in.calls("/api/")) == 1


def test_a_token_that_the_server_refuses_is_renewed_once(signed_in: State, run: Run) -> None:
    signed_in.access_tokens.clear()
    assert run("query").exit_code == 0
    assert signed_in.refreshes == 1
    assert len(signed_in.calls("/api/")) == 2


def test_of_many_commands_only_one_renews(signed_in: State) -> None:
    _let_it_run_out()
    expired = credentials.load(None)
    with transport.open_http(signed_in.issuer) as http, ThreadPoolExecutor(8) as pool:
        sources = [tokens.StoredSignIn(http, expired, SystemClock()) for _ in range(8)]
        found = set(pool.map(lambda source: source.access_token(), sources))
    assert signed_in.refreshes == 1
    assert len(found) == 1


def test_a_sign_in_that_has_ended_says_to_sign_in_again(signed_in: State, run: Run) -> None:
    _let_it_run_out()
    signed_in.refresh_tokens.clear()
    done = run("query")
    assert done.exit_code == 1
    assert f"directca client login --server {signed_in.issuer}" in done.stderr


def test_logout_revokes_and_forgets(signed_in: State, run: Run) -> None:
    kept = credentials.load(None)
    assert run("logout").exit_code == 0
    assert kept.refresh_token not in signed_in.refresh_tokens
    with pytest.raises(Misused):
        credentials.load(signed_in.issuer)
    assert run("query").exit_code == 2


def test_a_token_file_needs_no_sign_in(server: State, run: Run, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(server.new_access_token() + "\n")
    assert run("query", "--server", server.issuer, "--token-file", str(file)).exit_code == 0


def test_a_token_of_the_environment_is_never_renewed(server: State, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTCA_TOKEN", "unknown")
    monkeypatch.setenv("DIRECTCA_SERVER", server.issuer)
    done = run("query", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stderr) == {
        "error": "invalid_token",
        "description": "Sign in again.",
        "field": None,
        "request_id": "r-401",
        "status": 401,
    }
    assert not server.calls("/oauth/token")


@pytest.mark.parametrize("content", [b"", b"two tokens", b"\xff\xfe"])
def test_a_token_file_holds_one_token(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(Misused, match="one access token"):
        tokens.given_token(file)


def test_the_lock_file_does_not_pass_for_a_sign_in(signed_in: State) -> None:
    with credentials.lock("http://127.0.0.1:1"), pytest.raises(Misused, match="not signed in"):
        credentials.load("http://127.0.0.1:1")


def test_a_listener_that_nobody_answers_gives_up() -> None:
    with loopback.listening("state") as listener, pytest.raises(Unreachable):
        listener.wait(0.05)


def context_of(http: httpx2.Client) -> ssl.SSLContext:
    return http._transport._pool._ssl_context


def _let_it_run_out() -> None:
    kept = credentials.load(None)
    file = next(credentials.store_folder().glob("*.json"))
    facts = json.loads(file.read_text())
    facts["expires_at"] = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    file.write_text(json.dumps(facts))
    assert credentials.load(None).expires_at < kept.expires_at


def test_a_server_on_plain_http_leads_to_no_https_without_trust() -> None:
    with transport.open_http("https://ca.example.org") as guarded, transport.open_http("http://127.0.0.1:1") as plain:
        assert context_of(guarded).verify_mode is context_of(plain).verify_mode is ssl.CERT_REQUIRED
        assert context_of(guarded).check_hostname
        assert context_of(plain).check_hostname
        assert context_of(plain).get_ca_certs() == []
