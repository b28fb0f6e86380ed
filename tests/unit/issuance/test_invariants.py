"""What must never happen (each invariant has its number): the last line of defence, behind checks that came before it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from directca.certificates import switch
from directca.certificates.errors import UnknownCertificate
from directca.issuance import pair, policy, preconditions
from directca.issuance.errors import FactsChanged, OutlivesIssuer
from directca.issuance.reconcile import reconcile
from directca.journal import store as journal_store
from directca.pki.lints.errors import LintFailed
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from directca.signing.errors import SigningStopped
from tests.world import ALICE, DOMAIN, PLENTY, START, World


def test_1_facts_of_another_name_are_never_certified(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    vet = preconditions.vet

    def of_another_name(*arguments: Any) -> Any:
        return replace(vet(*arguments), name_value=f"bob@{DOMAIN}")

    monkeypatch.setattr(preconditions, "vet", of_another_name)
    with pytest.raises(FactsChanged):
        world.issue()
    assert world.balance().available == PLENTY


def test_6_what_was_settled_makes_a_new_list_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    upkeep.produce_due_crls(world.revocation)

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pair, "sign", power_cut)
    with pytest.raises(KeyboardInterrupt):
        world.issue()
    assert not crl.due(world.revocation, ListId("issuing"))
    reconcile(world.issuance, actor="system:test", older_than=timedelta(seconds=-1))
    assert crl.due(world.revocation, ListId("issuing"))


def test_8_without_its_audit_row_nothing_is_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    signed: list[object] = []
    sign = pair.sign

    def counted(*arguments: Any) -> Any:
        signed.append(arguments)
        return sign(*arguments)

    def full(*_: object, **__: object) -> None:
        raise OSError("no room for the journal")

    monkeypatch.setattr(pair, "sign", counted)
    with monkeypatch.context() as broken:
        broken.setattr(journal_store, "add", full)
        with pytest.raises(OSError, match="no room"):
            world.issue()
    assert (signed, world.balance().available) == ([], PLENTY)
    with pytest.raises(UnknownCertificate):
        world.history(ALICE)
    world.issue()
    assert len(signed) == 1


def test_9_a_list_at_fault_is_not_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gather = crl._gather

    def too_long_lived(*arguments: Any) -> Any:
        intent, template, entries, blocks = gather(*arguments)
        return intent, replace(template, next_update=template.next_update + timedelta(seconds=1)), entries, blocks

    monkeypatch.setattr(crl, "_gather", too_long_lived)
    with pytest.raises(LintFailed):
        crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    assert "crl.intended" not in world.journal_kinds()


def test_15_nothing_outlives_its_issuer() -> None:
    ends = START + timedelta(days=365)
    policy.check_lifetime(ends, issuer_not_after=ends, proofing_ends=ends)
    with pytest.raises(OutlivesIssuer):
        policy.check_lifetime(ends + timedelta(seconds=1), issuer_not_after=ends, proofing_ends=ends + timedelta(days=1))


def test_20_a_stopped_authority_does_not_even_intend(world: World) -> None:
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        world.issue()
    assert "certificate.intended" not in world.journal_kinds()
