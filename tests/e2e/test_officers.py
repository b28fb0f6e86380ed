"""Officers' functions over HTTP: who may call which, what they answer, and what members never learn."""

import contextlib
import dataclasses
import secrets
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from directca.accounts import factor_store, people, roles
from directca.accounts.factor import Passkey
from directca.accounts.factors import code_id
from directca.accounts.people import NewPerson
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.certificates.chosen import Selection
from directca.cli.context import opened_to_order, opened_to_revoke
from directca.desk import open_desk
from directca.oauth import applications, scopes
from directca.oauth.applications import NewApplication
from directca.oauth.tables import oauth_grant
from directca.pki.reasons import RevocationReason
from directca.revocation import bulk, ordering
from directca.revocation.bulk_model import Wanted
from directca.revocation.model import the_authority
from directca.vetting import actors
from directca.vetting.proposal_model import Proposal
from tests.browser import Browser, location, query_of
from tests.e2e.api_tools import OPERATOR, PASSWORD, Clinic, a_clinic, a_name, issued, operator, record_of, refusal_of
from tests.live import CODES, ApiClient, LiveServer, SandboxAccount, authorize_url, signed_in

pytestmark = pytest.mark.every_engine

REVOCATION, PROPOSAL = "/api/revocation", "/api/proposal"
BOTH = f"{scopes.TUSER_ACCOUNT} {scopes.AUTHORITY_REVOKE}"


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def officer(live: LiveServer, clinic: Clinic) -> SandboxAccount:
    """Somebody who works for the authority, with an application that may ask for the officers' scope."""
    return somebody(live, clinic, Role.OFFICER)


@pytest.fixture(scope="module")
def member(live: LiveServer, clinic: Clinic) -> SandboxAccount:
    """Somebody who does not, with the same application."""
    return somebody(live, clinic, None)


def somebody(live: LiveServer, clinic: Clinic, role: Role | None, called: str = "") -> SandboxAccount:
    """A person with an application that may ask for everything; with a role, also a second factor and many recovery codes."""
    name = called or (role.value if role else "member")
    username = f"{name.lower().replace(' ', '.')}.{secrets.token_hex(4)}"
    desk = open_desk(live.data_dir)
    with contextlib.closing(desk.database):
        granted = frozenset({role} if role else ())
        person = people.create(desk.people, NewPerson(clinic.account, username, name, PASSWORD, granted), actor=OPERATOR)
        if role:
            CODES[username] = [f"CODE{number:012}" for number in range(50)]
            with desk.database.write() as tx:
                factor_store.add_passkey(tx, Passkey(username, person.id, "laptop", b"1", b"2", 0), desk.clock.now())
                factor_store.replace_codes(tx, person.id, [code_id(person.id, one) for one in CODES[username]])
        new = NewApplication("Console", "Authority", (live.first.redirect_uri,), clinic.account, scopes=scopes.SCOPES)
        made = applications.register(desk.oauth, new, actor=OPERATOR)
    return dataclasses.replace(
        clinic.access,
        username=username,
        password=PASSWORD,
        client_id=made.client.client_id,
        client_secret=str(made.secret),
    )


@pytest.fixture(scope="module")
def console(live: LiveServer, officer: SandboxAccount) -> Iterator[ApiClient]:
    with live.client(officer, scope=BOTH) as client:
        yield client


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


def sent_back(who: SandboxAccount, scope: str) -> dict[str, str]:
    """What the application hears when its user signs in and is shown no consent page."""
    with Browser(who.base_url) as browser:
        page = browser.open(authorize_url(who, scope=scope))
        answer = signed_in(browser, page, who)
    assert answer.is_redirect, answer.text[:500]
    return query_of(location(answer))


def ended(console: ApiClient, job: dict[str, Any]) -> dict[str, Any]:
    """The revocation, once it has come to its end."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found = record_of(console("GET", f"{REVOCATION}/{job['id']}"))
        if found["state"] != "running":
            return found
        time.sleep(0.1)
    raise AssertionError("it never ended")


def test_an_officer_plans_and_revokes_across_accounts(live: LiveServer, console: ApiClient) -> None:
    other = a_clinic(live)
    with live.client(other.access) as theirs:
        records = [issued(theirs, a_name(other.domain)) for _ in range(2)]
        body = {"domain": other.domain, "reason": "keyCompromise", "invalidityDate": "2026-11-01"}
        plan = record_of(console("POST", REVOCATION, json={**body, "dryRun": True}))
        assert (plan["dry_run"], plan["total"], plan["outcomes"]) == (True, 2, {"revoked": 2})
        assert {one["identifier"] for one in plan["sample"]} == {one["identifier"] for one in records}
        assert record_of(theirs("GET", f"/api/certificate/{records[0]['identifier']}"))["status"] == "issued"
        job = record_of(console("POST", f"{REVOCATION}/", json={**body, "explanation": "the key store was copied"}))
        assert (job["total"], job["reason"], job["selection"]) == (2, "keyCompromise", {"domain": other.domain})
        assert job["invalidity_date_ts"] == "2026-11-01T00:00:00Z"
        done = ended(console, job)
        assert (done["state"], done["done"], done["outcomes"], done["refused"]) == ("finished", 2, {"revoked": 2}, 0)
        assert done["actor"].startswith("person:")
        for record in records:
            found = record_of(theirs("GET", f"/api/certificate/{record['identifier']}"))
            assert (found["status"], found["revocation_reason"]) == ("revoked", "keyCompromise")
    again = ended(console, record_of(console("POST", REVOCATION, json=body)))
    assert (again["id"] != job["id"], again["outcomes"]) == (True, {"unchanged": 2})


@pytest.mark.parametrize("scope", ["tuser.account", "certificate.revoke", "certificate.read account.read"])
@pytest.mark.parametrize(("method", "path"), [("POST", REVOCATION), ("GET", f"{REVOCATION}/{'0' * 32}")])
def test_other_scopes_open_none_of_it(
    live: LiveServer, member: SandboxAccount, officer: SandboxAccount, scope: str, method: str, path: str
) -> None:
    for who in (member, officer):
        with live.client(who, scope=scope) as client:
            body = {"json": {"domain": "direct.a.example", "reason": "superseded", "dryRun": True}} if method == "POST" else {}
            answer = client(method, path, **body)
            refusal_of(answer, 403, "insufficient_scope")
            assert 'scope="authority.revoke"' in answer.headers["WWW-Authenticate"]


def test_who_has_no_token_is_told_so(live: LiveServer) -> None:
    with ApiClient(live.base_url, "0" * 64) as nobody:
        refusal_of(nobody("POST", REVOCATION, json={}), 401, "invalid_token")
        refusal_of(nobody("GET", f"{REVOCATION}/{'0' * 32}"), 401, "invalid_token")


@pytest.mark.parametrize("scope", [scopes.AUTHORITY_REVOKE, BOTH])
def test_a_member_is_never_offered_the_officers_scope(member: SandboxAccount, scope: str) -> None:
    told = sent_back(member, scope)
    assert told["error"] == "invalid_scope"
    assert "roles at the certificate authority" in told["error_description"]


def test_an_application_that_was_not_registered_for_it_cannot_ask(clinic: Clinic) -> None:
    assert sent_back(clinic.access, BOTH)["error"] == "invalid_scope"


def test_whoever_is_no_officer_any_more_is_refused(live: LiveServer, clinic: Clinic, console: ApiClient) -> None:
    former = somebody(live, clinic, Role.OFFICER)
    with live.client(former, scope=BOTH) as client:
        body = {"domain": clinic.domain, "reason": "superseded", "dryRun": True}
        assert client("POST", REVOCATION, json=body).status_code == 200
        job = record_of(console("POST", REVOCATION, json={"domain": "direct.nobody.example", "reason": "superseded"}))
        desk = open_desk(live.data_dir)
        with contextlib.closing(desk.database):
            roles.withdraw(desk.people, former.username, Role.OFFICER, by=AtCommand(OPERATOR))
        answers = [
            client("POST", REVOCATION, json=body),
            client("POST", REVOCATION, json={}),
            client("GET", f"{REVOCATION}/{job['id']}"),
            client("GET", f"{REVOCATION}/{'0' * 32}"),
        ]
        for answer in answers:
            refusal_of(answer, 403, "officers_only")
        # Whether there is such a revocation, and whether a body is right, are not for them to learn.
        assert len({answer.json()["description"] for answer in answers}) == 1


def test_an_officer_may_say_that_an_authority_is_compromised(api: ApiClient, console: ApiClient, clinic: Clinic) -> None:
    name = issued(api, a_name(clinic.domain))["identifier"]
    refusal_of(api("POST", f"/api/certificate/revoke/{name}/cACompromise"), 403, "reason_reserved")
    found = record_of(console("POST", f"/api/certificate/revoke/{name}/cACompromise"))
    assert (found["status"], found["revocation_reason"]) == ("revoked", "cACompromise")


def test_an_officer_without_the_scope_is_a_member(
    live: LiveServer, officer: SandboxAccount, api: ApiClient, clinic: Clinic
) -> None:
    name = issued(api, a_name(clinic.domain))["identifier"]
    with live.client(officer) as plain:
        refusal_of(plain("POST", f"/api/certificate/revoke/{name}/aACompromise"), 403, "reason_reserved")


@pytest.mark.parametrize(
    ("body", "slug", "field"),
    [
        ({"reason": "superseded"}, "bad_selection", "selection"),
        ({"domain": "direct.a.example"}, "bad_parameter", "reason"),
        ({"domain": "direct.a.example", "reason": "Superseded"}, "bad_parameter", "reason"),
        ({"domain": "x@direct.a.example", "reason": "superseded"}, "bad_parameter", "domain"),
        ({"domain": "", "reason": "superseded"}, "bad_common_name", "domain"),
        ({"query": {"limit": "1"}, "reason": "superseded"}, "unknown_parameter", "query"),
        ({"query": {"statusIs": "gone"}, "reason": "superseded"}, "bad_parameter", "statusIs"),
        ({"query": {}, "reason": "superseded"}, "bad_selection", "selection"),
        ({"query": {"commonNameLike": "**"}, "reason": "superseded"}, "bad_selection", "selection"),
        ({"query": {"expiresAfter": "1970-01-01"}, "reason": "superseded"}, "bad_selection", "selection"),
        ({"account": "a", "invalidityDate": "0001-01-01", "reason": "superseded"}, "bad_invalidity_date", "invalidityDate"),
        ({"serials": ["xyz"], "reason": "superseded"}, "bad_parameter", "serials"),
        ({"serials": ["1"] * 2001, "reason": "superseded"}, "bad_parameter", "serials"),
        ({"serials": ["1"], "domain": "direct.a.example", "reason": "superseded"}, "bad_selection", "selection"),
        ({"keys": ["12"], "reason": "superseded"}, "bad_parameter", "keys"),
        ({"account": "a", "reason": "superseded", "invalidityDate": "soon"}, "bad_parameter", "invalidityDate"),
        ({"account": "a", "reason": "superseded", "invalidityDate": "2999-01-01"}, "bad_invalidity_date", "invalidityDate"),
        ({"account": "a", "reason": "superseded", "force": True}, "unknown_parameter", "force"),
        ({"account": "a", "reason": "superseded", "dryRun": "yes"}, "bad_parameter", "dryRun"),
    ],
)
def test_what_is_not_clear_is_refused(console: ApiClient, body: dict[str, Any], slug: str, field: str) -> None:
    refusal_of(console("POST", REVOCATION, json=body), 400, slug, field)


def test_members_learn_nothing_of_proposals(member: SandboxAccount, live: LiveServer) -> None:
    with live.client(member) as client:
        refusal_of(client("GET", PROPOSAL), 403, "insufficient_scope")
        refusal_of(client("POST", f"{PROPOSAL}/x/confirm", json={"reason": "yes", "digest": "0" * 64}), 403, "insufficient_scope")


def test_a_token_whose_second_factor_is_old_decides_nothing(live: LiveServer, officer: SandboxAccount) -> None:
    with live.client(officer, scope=BOTH) as console:
        desk = open_desk(live.data_dir)
        with contextlib.closing(desk.database), desk.database.write() as tx:
            long_ago = desk.clock.now() - timedelta(seconds=601)
            newest = select(oauth_grant.c.id).order_by(oauth_grant.c.created_at.desc()).limit(1).scalar_subquery()
            tx.execute(update(oauth_grant).where(oauth_grant.c.id == newest).values(auth_time=long_ago))
        body = {"domain": "direct.nobody.example", "reason": "superseded"}
        assert record_of(console("POST", REVOCATION, json={**body, "dryRun": True}))["total"] == 0
        answer = console("POST", REVOCATION, json=body)
        refusal_of(answer, 401, "insufficient_user_authentication")
        assert 'max_age="600"' in answer.headers["www-authenticate"]


def test_what_there_is_not(console: ApiClient) -> None:
    refusal_of(console("GET", f"{REVOCATION}/{'0' * 32}"), 404, "revocation_not_found")
    for method in ("PUT", "DELETE", "PATCH"):
        refusal_of(console(method, REVOCATION), 405, "method_not_allowed")


def test_what_was_ordered_by_a_command_is_seen_too(live: LiveServer, console: ApiClient) -> None:
    words = ("revoke", "run", "--domain", "direct.nobody.example", "--reason", "superseded", "--reason-text", "drill", "--yes")
    done = operator(live, *words)
    assert record_of(console("GET", f"{REVOCATION}/{done['id']}")) == done


def test_what_another_has_proposed_is_shown_confirmed_and_done(live: LiveServer, console: ApiClient) -> None:
    other = a_clinic(live)
    with live.client(other.access) as theirs:
        name = issued(theirs, a_name(other.domain))["identifier"]
        made = [proposed(live, other, reason) for reason in (RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED)]
        assert {one.id for one in made} <= {one["id"] for one in record_of(console("GET", PROPOSAL))["open"]}
        shown = record_of(console("GET", f"{PROPOSAL}/{made[0].id}"))
        assert (shown["pairs"], shown["state"], shown["content"]["reason"]) == (1, "open", "keyCompromise")
        assert shown["content"]["selection"] == {"account_id": other.account}

        confirm = f"{PROPOSAL}/{made[0].id}/confirm"
        refusal_of(console("POST", confirm, json={"reason": "yes", "digest": "0" * 64}), 400, "proposal_differs", "digest")
        assert record_of(theirs("GET", f"/api/certificate/{name}"))["status"] == "issued"
        done = record_of(console("POST", confirm, json={"reason": "yes", "digest": shown["digest"]}))
        assert (done["state"], done["confirmations"]) == ("done", 1)
        assert ended(console, {"id": done["result"]})["outcomes"] == {"revoked": 1}
        assert record_of(theirs("GET", f"/api/certificate/{name}"))["status"] == "revoked"
        refusal_of(console("POST", confirm, json={"reason": "yes", "digest": shown["digest"]}), 400, "proposal_closed")

        refused = record_of(console("POST", f"{PROPOSAL}/{made[1].id}/refuse", json={"reason": "why?"}))
        assert (refused["state"], refused["opinions"][0]["reason"]) == ("refused", "why?")
        refusal_of(console("GET", f"{PROPOSAL}/{'0' * 32}"), 404, "proposal_not_found")
        assert record_of(console("GET", PROPOSAL))["cursor"] is None
        refusal_of(console("GET", f"{PROPOSAL}?cursor=x"), 400, "bad_parameter", "cursor")
        refusal_of(console("POST", f"{PROPOSAL}/{made[1].id}/withdraw", json={"reason": "no"}), 400, "proposal_closed")


def proposed(live: LiveServer, other: Clinic, reason: RevocationReason) -> Proposal:
    """As an order is that needs a second officer."""
    with opened_to_order(live.data_dir) as (ca, registration):
        two = dataclasses.replace(registration, config=dataclasses.replace(registration.config, deciders_bulk=2))
        wanted = Wanted(Selection(account_id=other.account), reason)
        made = ordering.revoke_many(ca, two, actors.operator(OPERATOR), the_authority(OPERATOR), wanted)
    assert isinstance(made, Proposal)
    return made


def test_a_running_server_finishes_what_nobody_works_on(live: LiveServer, console: ApiClient) -> None:
    """As after a crash between the order and the work, or in the midst of it."""
    other = a_clinic(live)
    with live.client(other.access) as theirs:
        name = issued(theirs, a_name(other.domain))["identifier"]
        with opened_to_revoke(live.data_dir) as ca:
            wanted = Wanted(Selection(account_id=other.account), RevocationReason.CESSATION_OF_OPERATION)
            job, _ = bulk.order(ca, the_authority(OPERATOR), wanted)
        assert ended(console, {"id": job.id})["outcomes"] == {"revoked": 1}
        assert record_of(theirs("GET", f"/api/certificate/{name}"))["status"] == "revoked"
