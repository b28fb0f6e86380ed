"""Revoking an issuing authority: it issues nothing any more, its parent lists it, and its own lists go on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from directca.certificates import authority_standing, switch
from directca.certificates.authority_standing import AuthorityStanding
from directca.certificates.errors import AuthorityRevoked, StateChanged
from directca.issuance import pair
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import authority_status, crl, upkeep
from directca.revocation.authority_errors import AuthorityAlreadyRevoked, BadInvalidityDate, TrustAnchor, UnknownAuthority
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.model import ListId
from directca.signing.authority import Authority
from directca.signing.file_keys import DeferredKey
from tests.authority import FOUNDED, never, policy, root
from tests.world import DOMAIN, START, World

ISSUING_SERIAL = 5**58


def revoke(world: World, reason: Reason = Reason.CA_COMPROMISE, **more: object) -> AuthorityStanding:
    wanted = replace(AuthorityRevocation(reason, None, "drill 7"), **more)  # type: ignore[arg-type]
    return authority_status.revoke(world.revocation, "issuing", wanted, actor="operator:ann")


def roots_list(world: World) -> list[x509.RevokedCertificate]:
    return list(x509.load_der_x509_crl(crl.published(world.revocation, ListId("root")).der))


def standing(world: World) -> AuthorityStanding:
    with world.database.read() as tx:
        return authority_standing.standing(tx, "issuing")


def refusing(world: World) -> World:
    """The same, its issuance asking as the product's does."""
    world.issuance = replace(world.issuance, status_asked=lambda tx: authority_standing.certifies_asked(tx, "issuing"))
    return world


def test_the_roots_list_shows_it_at_once(world: World) -> None:
    assert revoke(world, invalid_since=FOUNDED) == AuthorityStanding(START, Reason.CA_COMPROMISE, FOUNDED)
    (listed,) = roots_list(world)
    assert (listed.serial_number, listed.revocation_date_utc) == (ISSUING_SERIAL, START)
    assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.ca_compromise
    assert listed.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc == FOUNDED
    with world.database.read() as tx:
        assert authority_status.is_listed(tx, authority_status.find(tx, "issuing"))


def test_nothing_is_issued_renewed_reissued_or_tried_any_more(world: World) -> None:
    refusing(world).issue()
    revoke(world)
    before = world.balance()
    for verb in (
        lambda: world.issue(f"bob@{DOMAIN}", key=2),
        lambda: world.dry_run(f"bob@{DOMAIN}", key=2),
        world.renew,
        world.reissue,
    ):
        with pytest.raises(AuthorityRevoked):
            verb()
    assert world.balance() == before


def test_a_request_that_is_under_way_ends_when_it_reserves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse = pair.rehearse

    def while_it_is_revoked(*arguments: Any) -> pair.Rehearsals:
        revoke(world)
        return rehearse(*arguments)

    monkeypatch.setattr(pair, "rehearse", while_it_is_revoked)
    with pytest.raises(AuthorityRevoked):
        refusing(world).issue()
    assert "certificate.intended" not in world.journal_kinds()


def test_an_authority_that_is_not_registered_certifies_nothing(world: World) -> None:
    with world.database.read() as tx, pytest.raises(AuthorityRevoked):
        authority_standing.check_certifies(tx, "another")


def test_its_own_list_and_the_status_of_its_certificates_go_on(world: World) -> None:
    world.issue()
    revoke(world)
    world.revoke(Reason.SUPERSEDED)
    assert len(list(x509.load_der_x509_crl(crl.published(world.revocation, ListId("issuing")).der))) == 2


@pytest.mark.parametrize("first", [Reason.SUPERSEDED, Reason.CESSATION_OF_OPERATION])
def test_a_reason_is_raised_to_a_compromise_and_the_moment_stays(world: World, first: Reason) -> None:
    revoke(world, first)
    world.clock.advance(days=1)
    for graver in (Reason.KEY_COMPROMISE, Reason.CA_COMPROMISE):
        assert revoke(world, graver, invalid_since=START) == AuthorityStanding(START, graver, START)
        (listed,) = roots_list(world)
        assert listed.revocation_date_utc == START
        assert listed.extensions.get_extension_for_class(x509.CRLReason).value.reason.value == graver.value
    assert revoke_refused(world, Reason.KEY_COMPROMISE)


@pytest.mark.parametrize("first", authority_status.REASONS)
def test_a_second_revocation_is_refused_unless_it_is_graver(world: World, first: Reason) -> None:
    revoke(world, first)
    before = standing(world)
    assert revoke_refused(world, first)
    assert revoke_refused(world, Reason.SUPERSEDED)
    assert standing(world) == before


def revoke_refused(world: World, reason: Reason) -> bool:
    with pytest.raises(AuthorityAlreadyRevoked, match="final"):
        revoke(world, reason)
    return True


def test_a_root_is_revoked_by_no_list(world: World) -> None:
    with pytest.raises(TrustAnchor):
        authority_status.revoke(
            world.revocation, "root", AuthorityRevocation(Reason.KEY_COMPROMISE, None, "drill"), actor="operator:ann"
        )


def test_an_authority_that_is_not_here_is_told(world: World) -> None:
    with pytest.raises(UnknownAuthority, match="only:"):
        authority_status.revoke(
            world.revocation, "other", AuthorityRevocation(Reason.KEY_COMPROMISE, None, "drill"), actor="operator:ann"
        )


@pytest.mark.parametrize("since", [START + timedelta(seconds=1), FOUNDED - timedelta(seconds=1)])
def test_a_moment_that_cannot_be_is_refused(world: World, since: object) -> None:
    with pytest.raises(BadInvalidityDate):
        revoke(world, invalid_since=since)
    assert standing(world) == AuthorityStanding()


def test_a_moment_is_told_in_whole_seconds(world: World) -> None:
    assert revoke(world, invalid_since=FOUNDED + timedelta(seconds=1.5)).invalidity_date == FOUNDED + timedelta(seconds=1)


def test_the_journal_says_who_and_why(world: World) -> None:
    revoke(world)
    assert world.journal_kinds()[-3:] == ["authority.revoked", "crl.intended", "crl.published"]
    world.check_books()


def test_without_the_roots_key_the_list_is_due_and_issuance_stops_all_the_same(world: World, tmp_path: Path) -> None:
    upkeep.produce_due_crls(world.revocation)
    away = Authority(root().issuer, DeferredKey(tmp_path / "root.pem", b"secret", root().issuer.spki_der), policy(), never)
    world.revocation = replace(world.revocation, authorities={**world.revocation.authorities, "root": away})
    revoke(world)
    assert roots_list(world) == []
    with world.database.read() as tx:
        assert not authority_status.is_listed(tx, authority_status.find(tx, "issuing"))
    with pytest.raises(AuthorityRevoked):
        refusing(world).issue()


def test_while_signing_is_stopped_the_revocation_stands_and_is_listed_later(world: World) -> None:
    upkeep.produce_due_crls(world.revocation)
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    revoke(world)
    assert roots_list(world) == []
    with world.database.write() as tx:
        switch.resume(tx, by="operator:ann", reason="over")
    upkeep.produce_due_crls(world.revocation)
    assert [one.serial_number for one in roots_list(world)] == [ISSUING_SERIAL]


def test_two_operators_at_once_do_not_undo_one_another(world: World) -> None:
    with world.database.read() as tx:
        entry = authority_status.find(tx, "issuing")
    revoke(world)
    mine = AuthorityStanding(START, Reason.SUPERSEDED, None)
    with pytest.raises(StateChanged), world.database.write() as tx:
        authority_standing.revoke(tx, entry, AuthorityStanding(), mine, START)
    assert standing(world).reason is Reason.CA_COMPROMISE
