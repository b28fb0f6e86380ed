"""A person's identity by the word of a real OpenID provider, and every way in which that word is not taken."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from directca.accounts.person import Role
from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.vetting import applying, external_identity, organization_person_store
from directca.vetting.case_model import CaseKind, OrganizationPerson, Step
from directca.vetting.context import Registration
from directca.vetting.declarations import CURRENT
from directca.vetting.external_identity import Answer, Begun
from directca.vetting.model import ProofingMethod
from directca.vetting.policy import proofing_ends
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_context import NO_PROOF, Proof, Providers
from directca.vetting.provider_errors import AssertionRefused, SignInRefused, SignInSettled
from directca.web.provider_http import ProviderHttp
from tests.applications import Office, a_person, an_approved_one, an_office, decided, somebody
from tests.clinic import RULES
from tests.identity_provider import IAL1, IAL2, PUBLIC_URL, SECRET, at_the_provider, identity_provider

ROSA, OTHER = "Rosa Representative", "Otto Other"
BROWSER = "b" * 64
Change = Callable[[dict[str, Any]], None]


@dataclass
class Meddler:
    """A transport that may change what the provider answers at its token endpoint."""

    through: ProviderHttp
    change: Change | None = None
    asked: int = 0

    def fetch(
        self, provider: ProviderConfig, address: str, form: Mapping[str, str] | None = None, proof: Proof = NO_PROOF
    ) -> bytes:
        self.asked += 1
        octets = self.through.fetch(provider, address, form, proof)
        if form is None or self.change is None:
            return octets
        tokens = json.loads(octets)
        self.change(tokens)
        return json.dumps(tokens).encode()


@dataclass
class House:
    """An authority with a draft that names somebody, and a provider whose word counts."""

    office: Office
    providers: Providers
    meddler: Meddler
    sealed: list[str]

    def person(self, name: str = ROSA) -> OrganizationPerson:
        desk, who = self.office.desk, self.office.applicant
        case = applying.reopen(desk, who, CaseKind.PEOPLE, an_approved_one(self.office).organization_id)
        return applying.propose(desk, who, case.id, a_person(self.office, name=name, proofing=None))

    def begin(self, person: OrganizationPerson, **more: Any) -> Begun:
        said: dict[str, Any] = {"session_id": BROWSER, "provider": "test", "declared": CURRENT} | more
        return external_identity.begin(self.providers, self.office.applicant, person_id=person.id, **said)

    def finish(self, answer: Answer, session_id: str = BROWSER) -> OrganizationPerson:
        return external_identity.finish(self.providers, self.office.applicant, session_id, "test", answer)

    def refused(self, error: type[DirectCAError], answer: Answer, **more: Any) -> str:
        with pytest.raises(error) as refusal:
            self.finish(answer, **more)
        return refusal.value.detail

    def proofing(self, person: OrganizationPerson) -> object:
        with self.office.desk.database.read() as tx:
            found = organization_person_store.find(tx, person.id)
        assert found is not None
        return found.proofing


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with identity_provider({"r-1": ROSA, "o-2": OTHER}) as found:
        yield found


@pytest.fixture
def house(database: Database, issuer: str, tmp_path: Path) -> House:
    office = an_office(database)
    office.clock.moment = datetime.now(UTC)
    sealed: list[str] = []

    def seal(text: str, record: str) -> bytes:
        sealed.append(text)
        return hashlib.sha256(f"{record} {text}".encode()).digest()

    desk: Registration = replace(office.desk, seal=seal)
    (tmp_path / "secret").write_text(SECRET)
    config = ProviderConfig(
        name="test",
        title="Test Identity",
        issuer=issuer,
        client_id="directca",
        client_secret_file="secret",
        acr_values=(IAL2,),
        loopback=True,
    )
    meddler = Meddler(ProviderHttp(tmp_path))
    providers = Providers(desk, (config,), meddler, PUBLIC_URL, tmp_path, time.monotonic)
    rosa = somebody(desk, office.applicant.account_id or "", ROSA, Role.REPRESENTATIVE)
    return House(replace(office, desk=desk, applicant=rosa), providers, meddler, sealed)


def test_what_the_provider_asserts_is_the_proofing_and_its_clocks_run_from_it(house: House) -> None:
    person = house.person()
    begun = house.begin(person)
    assert begun.host == house.providers.configs[0].issuer.removeprefix("http://")
    answer = at_the_provider(begun.address, "r-1")
    assert answer.iss == house.providers.configs[0].issuer
    proofed = house.finish(answer)
    said = proofed.proofing
    assert said is not None
    assert (said.method, said.evidence_type) == (ProofingMethod.EXTERNAL_ASSERTION, f"OpenID Connect assertion, acr {IAL2}")
    assert said.verifier.startswith("Test Identity (127.0.0.1:")
    assert abs(said.proofed_at - house.office.clock.now()) < timedelta(minutes=1)
    claims = json.loads(house.sealed[-1])
    assert (claims["sub"], claims["name"], claims["acr"], "nonce" in claims) == ("r-1", ROSA, IAL2, False)
    assert ROSA not in said.evidence_number
    assert "r-1" not in said.evidence_number
    office = house.office
    decided(office, applying.submit(office.desk, office.applicant, person.case_id), Step.APPROVE, office.olga)
    with office.desk.database.read() as tx:
        found = organization_person_store.find(tx, person.id)
    assert found is not None
    assert found.state.value == "active"
    assert proofing_ends(said.proofed_at, RULES.proofing_maximum_years).year == said.proofed_at.year + 9


def test_an_answer_counts_once(house: House) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    house.finish(answer)
    asked = house.meddler.asked
    house.refused(SignInSettled, answer)
    assert house.meddler.asked == asked, "nobody is asked about an answer that was used"


def test_a_code_that_was_used_is_not_taken_in_another_sign_in(house: House) -> None:
    person = house.person()
    used = at_the_provider(house.begin(person).address, "r-1")
    house.finish(used)
    other = at_the_provider(house.begin(person).address, "r-1")
    with pytest.raises(DirectCAError) as refusal:
        house.finish(replace(other, code=used.code))
    assert refusal.value.slug == "identity_provider_unavailable"


def test_a_code_of_another_sign_in_is_stopped_by_pkce(house: House) -> None:
    person = house.person()
    one, other = (at_the_provider(house.begin(person).address, "r-1") for _ in range(2))
    with pytest.raises(DirectCAError):
        house.finish(replace(one, code=other.code))
    assert house.proofing(person) is None


def test_somebody_else_is_not_the_person(house: House) -> None:
    person = house.person()
    assert "another name" in house.refused(AssertionRefused, at_the_provider(house.begin(person).address, "o-2"))
    assert house.proofing(person) is None


def test_the_level_must_be_the_one_that_is_asked_for(house: House) -> None:
    person = house.person()
    begun = house.begin(person)
    both = begun.address.replace("acr_values=", f"acr_values={IAL1}+")
    assert "IAL2" in house.refused(AssertionRefused, at_the_provider(both, "r-1", acr=IAL1))
    assert house.proofing(person) is None


def test_an_assertion_that_answers_another_sign_in_is_refused(house: House) -> None:
    """The provider's own token of another sign-in of the same person, replayed: its signature, times and audience are right."""
    person, kept = house.person(), list[str]()
    house.meddler.change = lambda tokens: kept.append(tokens["id_token"])
    house.finish(at_the_provider(house.begin(person).address, "r-1"))
    house.meddler.change = lambda tokens: tokens.update(id_token=kept[0])
    assert "answers another" in house.refused(AssertionRefused, at_the_provider(house.begin(person).address, "r-1"))


def unsigned(tokens: dict[str, Any]) -> None:
    head = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    tokens["id_token"] = f"{head}.{tokens['id_token'].split('.')[1]}."


def signed_by_nobody(tokens: dict[str, Any]) -> None:
    head, body, _ = tokens["id_token"].split(".")
    tokens["id_token"] = f"{head}.{body}.{'A' * 342}"


def signed_by_a_secret(tokens: dict[str, Any]) -> None:
    tokens["id_token"] = jwt.encode(
        {"alg": "HS256"}, claims_of(tokens), OctKey.import_key(SECRET + "x" * 32), algorithms=["HS256"]
    )


def signed_by_another_key(tokens: dict[str, Any]) -> None:
    head = json.loads(base64.urlsafe_b64decode(tokens["id_token"].partition(".")[0] + "=="))
    tokens["id_token"] = jwt.encode({"alg": "RS256", "kid": head["kid"]}, claims_of(tokens), RSAKey.generate_key(2048))


def other_name(tokens: dict[str, Any]) -> None:
    head, _, signature = tokens["id_token"].split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims_of(tokens) | {"name": ROSA}).encode()).rstrip(b"=").decode()
    tokens["id_token"] = f"{head}.{body}.{signature}"


def claims_of(tokens: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    return found


@pytest.mark.parametrize(
    "change", [unsigned, signed_by_nobody, signed_by_a_secret, signed_by_another_key, other_name, dict.clear]
)
def test_an_assertion_without_the_providers_signature_is_refused(house: House, change: Change) -> None:
    person = house.person()
    house.meddler.change = change
    house.refused(AssertionRefused, at_the_provider(house.begin(person).address, "r-1"))
    assert house.proofing(person) is None


@pytest.mark.parametrize(("hours", "why"), [(2, "expired"), (-2, "its time is another")])
def test_an_assertion_of_another_time_is_refused(house: House, hours: int, why: str) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    real, moment = house.office.clock.now, house.office.clock.now() + timedelta(hours=hours)
    house.meddler.change = lambda _tokens: setattr(house.office.clock, "moment", moment)
    try:
        assert why in house.refused(AssertionRefused, answer)
    finally:
        assert real() == moment


def test_an_assertion_for_another_client_is_refused(house: House) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    config = house.providers.configs[0]

    def now_another(_tokens: dict[str, Any]) -> None:
        object.__setattr__(config, "client_id", "somebody-else")

    house.meddler.change = now_another
    assert "for somebody else" in house.refused(AssertionRefused, answer)


def test_an_answer_that_names_another_issuer_or_none_is_refused(house: House) -> None:
    for iss in ("https://evil.example", None, ""):
        answer = at_the_provider(house.begin(house.person()).address, "r-1")
        assert "not from the identity provider" in house.refused(AssertionRefused, replace(answer, iss=iss))


def test_an_answer_counts_in_the_browser_in_which_it_was_begun_and_for_who_began_it(house: House) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    house.refused(SignInSettled, answer, session_id="c" * 64)
    for who in (house.office.stranger, house.office.olga):
        with pytest.raises(SignInSettled):
            external_identity.finish(house.providers, who, BROWSER, "test", answer)
    house.refused(SignInSettled, replace(answer, state="made up"))
    house.finish(answer)


def test_a_sign_in_that_took_too_long_is_begun_anew(house: House) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    house.office.clock.advance(minutes=16)
    house.refused(SignInSettled, answer)


def test_what_the_provider_refuses_is_told_and_harmless(house: House) -> None:
    answer = at_the_provider(house.begin(house.person()).address, "r-1")
    said = house.refused(SignInRefused, Answer(answer.state, "", answer.iss, "access_denied\r\n<script>"))
    assert "\n" not in said


def test_a_new_key_of_the_provider_is_found_and_nobody_has_it_asked_for_often(house: House) -> None:
    person = house.person()
    begun = house.begin(person)
    known = house.providers.known["test"]
    known.keys, known.keys_at = KeySet([RSAKey.generate_key(2048, {"kid": "old"})]), time.monotonic()
    house.refused(AssertionRefused, at_the_provider(begun.address, "r-1"))
    known.keys_at -= 61
    house.finish(at_the_provider(house.begin(person).address, "r-1"))


def test_only_who_is_proposed_in_a_draft_of_the_account_is_proofed(house: House) -> None:
    person = house.person()
    with pytest.raises(DirectCAError) as refusal:
        external_identity.begin(house.providers, house.office.stranger, BROWSER, person.id, "test", CURRENT)
    assert refusal.value.slug == "representative_not_found"
    for wrong, slug in (({"provider": "other"}, "identity_provider_not_found"), ({"declared": None}, "bad_vetting_record")):
        with pytest.raises(DirectCAError) as refused:
            house.begin(person, **wrong)
        assert refused.value.slug == slug
    answer = at_the_provider(house.begin(person).address, "r-1")
    applying.unpropose(house.office.desk, house.office.applicant, person.id)
    with pytest.raises(DirectCAError):
        house.finish(answer)
