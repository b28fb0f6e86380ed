"""A person's identity by the word of an external identity provider: OpenID Connect, authorization code with PKCE.

`docs/flows/external-identity.md` tells the same steps. The person signs in at the provider in the browser in which it was
begun, and what the provider asserts becomes the proofing of the very person who is named in the draft. Nothing is relied upon
before an officer approves the case, and the clocks are those of every proofing.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.vetting import id_token, organization_person_store, sign_in_store
from directca.vetting.case_errors import CaseStands
from directca.vetting.case_file import Taken, any_person, own_case, take
from directca.vetting.case_model import Actor, OrganizationPerson, PersonState, ProposedProofing, Side, Step, VettingCase
from directca.vetting.case_policy import after
from directca.vetting.declarations import CURRENT
from directca.vetting.domain_policy import safe
from directca.vetting.errors import BadVettingRecord
from directca.vetting.id_token import Assertion, Expected
from directca.vetting.model import ProofingMethod, masked
from directca.vetting.policy import cleaned, proofing_ends
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_context import Proof, Providers
from directca.vetting.provider_errors import AssertionRefused, SignInRefused, SignInSettled
from directca.vetting.provider_metadata import KnownProvider, discover, is_unknown, keys_at, read_object
from directca.vetting.sign_in_store import SignIn
from directca.watch import step

_MINUTES = timedelta(minutes=15)
_MOST_AN_HOUR = 20
_LONGEST = 4096


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: the address at the provider that the person opens, the provider, and until when it counts."""

    address: str
    host: str
    title: str
    expires_at: datetime


@dataclass(frozen=True)
class Answer:
    """What the provider led back with (RFC 6749 4.1.2, RFC 9207)."""

    state: str = ""
    code: str = ""
    iss: str | None = None
    error: str = ""


def begin(providers: Providers, actor: Actor, session_id: str, person_id: str, provider: str, declared: str | None) -> Begun:
    """Begin a sign-in for somebody who is named in a draft.

    Raises NoSuchOrganizationPerson, CaseStands, NoSuchProvider, BadVettingRecord without the person's declaration,
    ProviderUnavailable.
    """
    step(1, "ask")
    desk, config = providers.desk, providers.named(provider)
    if declared != CURRENT:
        raise BadVettingRecord(f"The person must have made their declaration, in version {CURRENT}.", field="declared")
    with desk.database.read() as tx:
        _draft(tx, actor, person_id)
    known = _known(providers, config)
    state, nonce, verifier = (base64.urlsafe_b64encode(desk.random(32)).rstrip(b"=").decode() for _ in range(3))
    now = desk.clock.now()
    made = SignIn(
        id=desk.identifier(),
        person_id=person_id,
        provider=config.name,
        actor_id=actor.id,
        session_id=session_id,
        state_sha256=_digest(state),
        nonce=nonce,
        verifier=verifier,
        declarations_version=CURRENT,
        begun_at=now,
        expires_at=now + _MINUTES,
    )
    step(2, "remember")
    with desk.database.write() as tx:
        _draft(tx, actor, person_id)
        if sign_in_store.count_since(tx, person_id, now - timedelta(hours=1)) >= _MOST_AN_HOUR:
            raise CaseStands("Signing in at the provider was begun too often for this person. Wait an hour.")
        sign_in_store.add(tx, made)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": config.client_id,
        "redirect_uri": providers.redirect_uri(config),
        "scope": " ".join(config.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "acr_values": " ".join(config.acr_values),
        "max_age": str(config.fresh_seconds),
    }
    place = known.authorization_endpoint
    address = f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(asked)}"
    return Begun(address, urlsplit(place).netloc, config.title, made.expires_at)


def finish(providers: Providers, actor: Actor, session_id: str, provider: str, answer: Answer) -> OrganizationPerson:
    """Take what a provider led back with; the person with the proofing that it asserts.

    Raises NoSuchProvider, SignInSettled, SignInRefused, AssertionRefused, ProviderUnavailable, CaseStands,
    NoSuchOrganizationPerson.
    """
    config = providers.named(provider)
    step(3, "match")
    begun = _taken(providers, actor, session_id, config, answer)
    # A crash from here on leaves a sign-in that is used, and nothing that anybody relies on: it is begun anew.
    try:
        _check_answer(providers, config, answer)
        step(4, "redeem")
        tokens = _redeemed(providers, config, begun, answer.code)
        step(5, "validate")
        assertion = _validated(providers, config, begun, tokens)
        step(6, "record")
        return _recorded(providers, actor, config, begun, assertion)
    except DirectCAError as error:
        with providers.desk.database.write() as tx:
            sign_in_store.note(tx, begun.id, error.slug)
        raise


def _taken(providers: Providers, actor: Actor, session_id: str, config: ProviderConfig, answer: Answer) -> SignIn:
    """The sign-in that the state belongs to, taken: it counts once, for whoever began it, in that browser, at that provider."""
    desk = providers.desk
    with desk.database.write() as tx:
        found = sign_in_store.find(tx, _digest(answer.state))
        mine = found is not None and (found.actor_id, found.provider) == (actor.id, config.name)
        if found is None or not mine or not hmac.compare_digest(found.session_id, session_id):
            raise SignInSettled("No sign-in that was begun in this browser belongs to this answer. Begin anew.")
        if not sign_in_store.use(tx, found.id, desk.clock.now()) or desk.clock.now() >= found.expires_at:
            raise SignInSettled("This sign-in was used already, or took too long. Begin anew.")
        return found


def _check_answer(providers: Providers, config: ProviderConfig, answer: Answer) -> None:
    known = _known(providers, config)
    if (answer.iss is not None or known.says_issuer) and answer.iss != config.issuer:
        raise AssertionRefused("The answer is not from the identity provider that was asked.")
    if answer.error or not answer.code:
        said = safe(answer.error)[:60] if answer.error else "nothing"
        raise SignInRefused(f"{config.title} let nobody in: it says {said}. Begin anew, or proof them in another way.")


def _redeemed(providers: Providers, config: ProviderConfig, begun: SignIn, code: str) -> dict[str, object]:
    form = {
        "grant_type": "authorization_code",
        "code": code[:_LONGEST],
        "redirect_uri": providers.redirect_uri(config),
        "client_id": config.client_id,
        "code_verifier": begun.verifier,
    }
    secret = None
    if config.client_secret_file:
        secret = (providers.data / config.client_secret_file).read_text("utf-8").strip()
    place = _known(providers, config).token_endpoint
    return read_object(providers.transport.fetch(config, place, form, Proof(secret=secret)), config)


def _validated(providers: Providers, config: ProviderConfig, begun: SignIn, tokens: dict[str, object]) -> Assertion:
    desk, token = providers.desk, tokens.get("id_token")
    with desk.database.read() as tx:
        found = organization_person_store.find(tx, begun.person_id)
    expected = Expected(config, begun.nonce, begun.begun_at, desk.clock.now(), found.name if found is not None else "")
    known = _known(providers, config)
    if isinstance(token, str) and is_unknown(known.keys, token) and known.may_ask_keys(providers.steady()):
        known.keys = keys_at(config, lambda place: providers.transport.fetch(config, place), known.jwks_uri)
        known.keys_at = providers.steady()
    claims = id_token.verified(token, known.keys, expected)
    besides: dict[str, object] = {}
    access = tokens.get("access_token")
    if known.userinfo_endpoint and isinstance(access, str) and id_token.is_silent(claims, config):
        besides = read_object(providers.transport.fetch(config, known.userinfo_endpoint, None, Proof(bearer=access)), config)
    return id_token.about(claims, besides, expected)


def _recorded(
    providers: Providers, actor: Actor, config: ProviderConfig, begun: SignIn, assertion: Assertion
) -> OrganizationPerson:
    desk = providers.desk
    if proofing_ends(assertion.proofed_at, desk.rules.proofing_maximum_years) <= desk.clock.now():
        raise AssertionRefused(f"{config.title} proofed the person more than {desk.rules.proofing_maximum_years} years ago.")
    proofing = ProposedProofing(
        method=ProofingMethod.EXTERNAL_ASSERTION,
        evidence_type=cleaned("evidence_type", f"OpenID Connect assertion, acr {safe(assertion.acr)}", most=200),
        evidence_number=masked(assertion.subject[:200]),
        evidence_sealed=desk.seal(json.dumps(_kept(assertion.claims), sort_keys=True), begun.person_id),
        verifier=cleaned("verifier", f"{config.title} ({urlsplit(config.issuer).netloc})", most=128),
        proofed_at=assertion.proofed_at,
        declarations_version=begun.declarations_version,
    )
    with desk.database.write() as tx:
        person, case = _draft(tx, actor, begun.person_id)
        if not organization_person_store.proof(tx, person.id, proofing):
            raise CaseStands(f"{person.name} is no longer proposed, so their identity cannot be proofed here.")
        detail = {"proofed": person.id, "provider": config.name, "sign_in": begun.id, "acr": assertion.acr}
        take(tx, desk, case, case, Taken(Step.EDIT, actor, detail=detail))
        sign_in_store.note(tx, begun.id, "proofed")
    return replace(person, proofing=proofing)


def _draft(tx: Tx, actor: Actor, person_id: str) -> tuple[OrganizationPerson, VettingCase]:
    """Somebody of the actor's account who is proposed in a draft, and the draft."""
    person = any_person(tx, person_id, actor.account_id or "")
    case = own_case(tx, actor, person.case_id)
    case = replace(case, state=after(case, Step.EDIT, Side.APPLICANT))
    if person.state is not PersonState.PROPOSED:
        raise CaseStands(f"{person.name} is {person.state}, so their identity cannot be proofed here.")
    return person, case


def _known(providers: Providers, config: ProviderConfig) -> KnownProvider:
    known = providers.known.get(config.name)
    now = providers.steady()
    if known is None or not known.is_fresh(now):
        known = discover(config, lambda place: providers.transport.fetch(config, place), now)
        providers.known[config.name] = known
    return known


def _kept(claims: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in claims.items() if name not in ("nonce", "at_hash", "c_hash", "s_hash")}


def _digest(state: str) -> str:
    return hashlib.sha256(state[:_LONGEST].encode("utf-8", "replace")).hexdigest()
