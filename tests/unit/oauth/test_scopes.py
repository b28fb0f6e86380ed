"""Scopes: what covers what."""

import pytest

from directca.oauth import scopes


@pytest.mark.parametrize("needed", scopes.OF_ACCOUNT)
def test_tuser_account_covers_every_function_of_the_account(needed: str) -> None:
    assert scopes.allows(["tuser.account"], needed)


@pytest.mark.parametrize("held", [scope for scope in scopes.SCOPES if scope != "tuser.account"])
def test_a_narrow_scope_covers_itself_alone(held: str) -> None:
    covered = {held, "authority.read"} if held == "authority.vet" else {held}
    assert {needed for needed in scopes.SCOPES if scopes.allows([held], needed)} == covered


def test_no_scope_of_the_account_covers_what_is_for_officers() -> None:
    assert set(scopes.OFFICERS) == {"authority.revoke", "authority.vet", "authority.read", "authority.proof"}
    assert not any(scopes.allows(scopes.OF_ACCOUNT, needed) for needed in scopes.OFFICERS)
    assert not scopes.covers(["tuser.account"], ["tuser.account", "authority.revoke"])
    assert scopes.for_officers(["tuser.account", "authority.revoke"])
    assert not scopes.for_officers(scopes.OF_ACCOUNT)


def test_who_decides_on_cases_may_look_at_them_and_not_the_other_way_round() -> None:
    assert scopes.allows(["authority.vet"], "authority.read")
    for held in ("authority.read", "authority.revoke", "authority.proof", "tuser.account"):
        assert not scopes.allows([held], "authority.vet")
    assert not scopes.allows(["authority.revoke", "authority.proof"], "authority.read")


def test_no_scope_covers_nothing() -> None:
    assert not any(scopes.allows([], needed) for needed in scopes.SCOPES)


def test_a_need_that_does_not_exist_is_never_met() -> None:
    assert not scopes.allows(["tuser.account", "certificate.destroy"], "certificate.destroy")


def test_a_list_is_read_once_each_in_order_and_case_counts() -> None:
    assert scopes.parse(" certificate.read  tuser.account certificate.read ") == ("certificate.read", "tuser.account")
    assert scopes.unknown(scopes.parse("Tuser.Account")) == ("Tuser.Account",)


def test_only_spaces_separate() -> None:
    assert scopes.unknown(scopes.parse("certificate.read\tcertificate.issue")) == ("certificate.read\tcertificate.issue",)


def test_what_is_not_granted_is_named_on_the_consent_page() -> None:
    assert scopes.not_allowed(["tuser.account"]) == ("account.manage",)
    assert scopes.not_allowed(["certificate.read"]) == (
        *("certificate.issue", "certificate.revoke", "account.read", "account.manage", "organization.apply"),
    )


def test_every_scope_has_its_sentences() -> None:
    # What is for officers is not mentioned to others, not even as what may not be done.
    assert set(scopes.REFUSALS) | {"tuser.account"} | scopes.OFFICERS == set(scopes.SENTENCES)
    assert all("{account}" in sentence for sentence in scopes.SENTENCES.values())
