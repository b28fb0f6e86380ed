"""Every sample of the documentation does what its page says, against the real server."""

import html
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tree_sitter_c_sharp
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tree_sitter import Language, Parser

from directca.web.docs.identifiers import Identifiers, identifiers
from directca.web.docs.samples import functions, samples
from tests.browser import Browser, query_of
from tests.docs.samples_run import Reader, assignments
from tests.live import LiveServer, authorize_url
from tests.material import rsa_key

LANGUAGES = ("curl", "python", "java")
# One worker takes them all, so that the story is told once for each language.
pytestmark = pytest.mark.xdist_group("samples")

FILING = ("curl", "python")
"""The languages whose samples leave the certificates in files."""

TOOLS = {"curl": ("curl", "openssl", "jq"), "python": ("openssl",), "java": ("java", "keytool")}


@dataclass(frozen=True)
class Told:
    """What came out on the way through the pages."""

    reader: Reader
    tokens: dict[str, object]
    refreshed: dict[str, object]
    outputs: dict[str, str]


@pytest.fixture(scope="module", params=LANGUAGES)
def told(request: pytest.FixtureRequest, live: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The whole story in one language, in the order of the pages: sign-in, tokens, a pair and its life, the end of access."""
    language: str = request.param
    missing = [tool for tool in TOOLS[language] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"the {language} samples need {', '.join(missing)}")
    reader = a_reader(language, live, tmp_path_factory.mktemp(language))
    outputs: dict[str, str] = {}

    begun = assignments(reader.run("authorize"))
    redirect = query_of(live.redirect_after_consent(begun["LINK"]))
    assert redirect["state"] == begun["STATE"]
    assert redirect["iss"] == live.base_url
    reader.environment |= {"CODE_VERIFIER": begun["CODE_VERIFIER"], "CODE": redirect["code"]}
    tokens = json.loads(reader.run("token"))
    reader.environment |= {"ACCESS_TOKEN": tokens["access_token"], "REFRESH_TOKEN": tokens["refresh_token"]}
    outputs["use"] = reader.run("use")
    refreshed = json.loads(reader.run("refresh"))
    reader.environment |= {"ACCESS_TOKEN": refreshed["access_token"], "REFRESH_TOKEN": refreshed["refresh_token"]}
    for function in ("introspect", "keys", "issue", "retrieve", "query", "pages", "reissue", "renew", "revoke"):
        outputs[function] = reader.run(function)
    if language in FILING:
        outputs |= {name: reader.run_short(name) for name in ("verify", "crl")}
    outputs["revoke_token"] = reader.run("revoke_token")
    return Told(reader, tokens, refreshed, outputs)


def a_reader(language: str, live: LiveServer, folder: Path) -> Reader:
    """Somebody who filled in the form with what `sandbox.json` says."""
    account = live.first
    query = {
        "client_id": account.client_id,
        "redirect_uri": account.redirect_uri,
        "common_name": f"docs-{language}@{account.direct_domain}",
    }
    filled = identifiers(query)
    assert filled == Identifiers(**query), "the form refuses what the sandbox gives out"
    secrets = {"CLIENT_SECRET": account.client_secret, "STORE_PASSWORD": "made up for this test"}
    there = replace(filled, sandbox_file=str(live.data_dir / "sandbox.json"))
    return Reader(language, folder, live.base_url, there, secrets)


def test_every_function_was_run(told: Told) -> None:
    assert set(told.reader.ran) == set(functions())


def test_the_code_bought_tokens(told: Told) -> None:
    assert told.tokens["token_type"] == "Bearer"
    assert told.tokens["expires_in"] == 3600
    assert told.tokens["scope"] == "tuser.account"


def test_a_refresh_answers_new_tokens(told: Told) -> None:
    assert told.refreshed["refresh_token"] != told.tokens["refresh_token"]
    assert told.refreshed["access_token"] != told.tokens["access_token"]


def test_the_token_is_active(told: Told) -> None:
    assert json.loads(told.outputs["introspect"])["active"] is True


def test_the_pair_is_issued_found_changed_and_revoked(told: Told) -> None:
    name = told.reader.identifiers.common_name
    for function, status in (
        ("issue", "issued"),
        ("retrieve", "issued"),
        ("query", "issued"),
        ("pages", "issued"),
        ("reissue", "issued"),
        ("renew", "issued"),
        ("revoke", "revoked"),
    ):
        assert name in told.outputs[function], function
        assert status in told.outputs[function], function


def test_each_new_pair_has_new_serials(told: Told) -> None:
    assert len({told.outputs["issue"], told.outputs["reissue"], told.outputs["renew"]}) == 3


def test_access_has_ended(told: Told, live: LiveServer) -> None:
    assert "revoked" in told.outputs["revoke_token"]
    with pytest.raises(AssertionError, match=r"invalid_token|401"):
        told.reader.run("use")


def test_the_certificates_of_the_sample_verify(live: LiveServer, told: Told) -> None:
    if told.reader.language in FILING:
        assert "signing.pem: OK" in told.outputs["verify"]
        assert "encryption.pem: OK" in told.outputs["verify"]
        assert "Certificate Revocation List" in told.outputs["crl"]


@pytest.mark.skipif(not all(map(shutil.which, TOOLS["curl"])), reason="the sample needs curl, openssl and jq")
def test_the_report_of_a_compromised_key_is_a_proof(live: LiveServer, tmp_path: Path) -> None:
    reader = a_reader("curl", live, tmp_path)
    key = rsa_key(6_990).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(key)
    answer = json.loads(reader.run_short("report_compromise"))
    assert (answer["known"], answer["revoked"]) == (False, 0)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page shows a curl command")
def test_the_command_of_the_callback_page_redeems_the_code(live: LiveServer, tmp_path: Path) -> None:
    link = authorize_url(live.first, redirect_uri=f"{live.base_url}/docs/callback")
    with Browser(live.base_url) as browser:
        page = browser.submit(browser.open(link), "password", username=live.first.username, password=live.first.password)
        page = browser.submit(page, "decision", decision="grant")
    (command,) = [
        text for text in re.findall(r"<code[^>]*>(.*?)</code>", page.text, re.DOTALL) if text.startswith("TOKENS=$(curl")
    ]
    reader = a_reader("curl", live, tmp_path)
    reader.environment["CLIENT_ID"] = live.first.client_id
    assert json.loads(reader.run_shown(html.unescape(command)))["token_type"] == "Bearer"


@pytest.mark.parametrize("function", functions())
def test_csharp_samples_are_csharp(function: str, tmp_path: Path, live: LiveServer) -> None:
    """Each parses as a program of its own; where the .NET SDK is, which no package of Debian brings, it is compiled too."""
    (sample,) = [one for one in samples(function) if one.language == "csharp"]
    parsed = Parser(Language(tree_sitter_c_sharp.language())).parse(sample.text.encode())
    assert not parsed.root_node.has_error, parsed.root_node
    if shutil.which("dotnet") is not None:
        a_reader("csharp", live, tmp_path).compile_csharp(function)
