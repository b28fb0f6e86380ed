"""Who may do what to whose: every verb is called by every role for what is the caller's, a colleague's and a stranger's, with a
fresh second factor and an old one. The outcome is what the table says, and the page of the documentation is that table."""

import ast
import re
from datetime import timedelta
from functools import cache

import pytest

from directca.accounts import permissions
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import GRANTED, Role
from directca.accounts.policy import ROLE_WORDS, check_together, in_words, listed
from directca.accounts.role_errors import NotPermitted, RolesExclude, StepUpFirst
from directca.db.engine import Database
from directca.errors import NotFound, Rejected
from tests.calls import TRIALS, Asked, House, Trial, a_house
from tests.house.sources import PACKAGE, ROOT


def outcome(trial: Trial, house: House, asked: Asked) -> str:
    """`allowed`, `refused` or `step up`. Anything else that a verb raises is a bug, or a trial that is none."""
    try:
        trial(house, asked)
    except StepUpFirst:
        return "step up"
    except (Rejected, NotFound):
        return "refused"
    return "allowed"


def expected(rule: Rule, role: Role, whose: Whose, *, fresh: bool) -> str:
    """What the table says."""
    if rule.allowed(whose).isdisjoint({role, Role.TUSER}):
        return "refused"
    return "allowed" if fresh or not rule.step_up else "step up"


OF_ACCOUNT = [rule for rule in permissions.RULES if rule.own == permissions.EVERYBODY == rule.same_account]
OF_ACCOUNT += [permissions.REVOKE_FOR_AUTHORITY, permissions.AUTHORIZE_ADDRESS]
OF_ACCOUNT += [permissions.RETIRE_PERSON, permissions.OPEN_PEOPLE_CASE, permissions.ACCEPT_AGREEMENT]
OF_ACCOUNT += [rule for rule in permissions.RULES if rule.own == frozenset({Role.ACCOUNT_ADMINISTRATOR}) == rule.same_account]
"""What is about things of the account as a whole, which no person owns."""


@pytest.mark.parametrize("name", TRIALS)
def test_every_role_may_do_what_the_table_says_to_whose_it_says(database: Database, name: str) -> None:
    house, rule = a_house(database), getattr(permissions, name)
    other = {Whose.SAME_ACCOUNT: house.person(), Whose.OTHER: house.person(account_id=house.elsewhere)}
    ownerless = rule in OF_ACCOUNT
    told, wanted = {}, {}
    for role in Role:
        # What belongs to the account as a whole is reached for from the other account; everything else is somebody's there.
        granted = (role,) if role in GRANTED else ()
        mine, theirs = house.person(*granted), house.person(*granted, account_id=house.elsewhere)
        for whose in Whose:
            doer = theirs if ownerless and whose is Whose.OTHER else mine
            for fresh in (True, False) if rule.step_up else (False,):
                session = house.session(doer, shown_before=timedelta(minutes=1 if fresh else 11))
                key = f"{role.value}, {whose.value}, {'fresh' if fresh else 'old'}"
                told[key] = outcome(TRIALS[name], house, Asked(session, other.get(whose, doer) if not ownerless else doer))
                # Whoever may do it to nobody is told so before the second factor is looked at, and otherwise either will do.
                wanted[key] = expected(rule, role, whose, fresh=fresh)
                if told[key] == "step up" and wanted[key] == "refused" and not fresh:
                    wanted[key] = "step up"
    assert told == wanted


@pytest.mark.parametrize(
    ("rule", "able"),
    [
        (permissions.SEE_JOURNAL, "an auditor"),
        (permissions.SEE_REVOCATIONS, "an officer or an auditor"),
        (permissions.SEE_STATE, "an administrator, an auditor or an operator"),
        (permissions.SEE_EVERY_CASE, "an officer, an auditor, an RA officer or an operator"),
    ],
)
def test_a_refusal_names_the_roles_as_a_person_would(rule: Rule, able: str) -> None:
    with pytest.raises(NotPermitted) as refusal:
        permissions.check(rule, (Role.TUSER,), Whose.OTHER)
    assert refusal.value.detail == f"You may not do this. It is for {able}."


def test_every_role_has_its_article_and_two_that_exclude_one_another_are_named_alike() -> None:
    assert listed(in_words((Role.TUSER, Role.TRUSTED_AGENT)), "and") == "a trusted agent and a TUser"
    assert {one.split(" ", 1)[1] for one in in_words(Role)} == set(ROLE_WORDS.values())
    with pytest.raises(RolesExclude, match="cannot be an administrator and an officer: those"):
        check_together(frozenset({Role.OFFICER, Role.ADMINISTRATOR}))


def test_every_rule_has_its_trial_and_every_verb_its_rule() -> None:
    named = {name for name, value in vars(permissions).items() if isinstance(value, Rule)}
    assert named == set(TRIALS)
    assert {id(getattr(permissions, name)) for name in named} == {id(rule) for rule in permissions.RULES}
    ruled = {place for rule in permissions.RULES for place in rule.code}
    for place in ruled:
        file, _, function = place.partition("::")
        assert re.search(rf"^ *def {function}\(", (PACKAGE / file).read_text(encoding="utf-8"), re.MULTILINE), place
    assert sorted(verbs() - ruled - set(NO_VERBS)) == []
    assert sorted(set(NO_VERBS) - verbs()) == [], "no longer needed"


WHO = {"Principal", "Requester", "Claimant", "Actor", "Session", "Doer", "Person", "Subscriber", "Member"}
ROOMS = ("issuance", "revocation", "notices", "publication", "vetting", "oauth", "accounts", "certificates")
NO_VERBS = {
    "issuance/approval.py::check": "is asked by the verbs that issue",
    "issuance/refusals.py::journalled": "writes down that another verb refused",
    "issuance/succession.py::succeed": "is what reissue and renew share",
    "oauth/authorize.py::refused_to": "says before the page what `decide` would refuse",
    "oauth/bearer.py::check_scope": "judges a token",
    "oauth/bearer.py::speaks_for_officer": "judges a token",
    "oauth/in_person.py::principal": "says who somebody is before the verbs",
    "accounts/passkeys.py::to_register": "is pure",
    "accounts/passkeys.py::registered": "is pure",
    "accounts/second_factor.py::limit": "counts an attempt",
    "accounts/second_factor.py::record_failure": "writes down that an attempt failed",
    "vetting/actors.py::require_other_account": "is asked by verbs",
    "vetting/actors.py::require_fresh": "is asked by verbs",
    "vetting/proposal_policy.py::check_other": "is pure, and asked by `decide`",
    "revocation/ordering.py::revoke_authority": "is for the operator's command alone",
    "revocation/organization_end.py::check_may": "is asked by verbs",
    "vetting/case_policy.py::check_decider": "is pure, and asked by `decide`",
}
"""Functions that are told who asks, and are no verbs."""


@cache
def verbs() -> frozenset[str]:
    """Every public function of the verbs' rooms that is told who asks, and opens its own transaction."""
    return frozenset(
        f"{path.relative_to(PACKAGE)}::{function.name}"
        for room in ROOMS
        for path in (PACKAGE / room).glob("*.py")
        if not (path.stem in ("policy", "permissions") or path.stem.endswith("store"))
        for function in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_") and _told_who(function)
    )


def _told_who(function: ast.FunctionDef) -> bool:
    given = [ast.unparse(one.annotation) for one in (*function.args.args, *function.args.kwonlyargs) if one.annotation]
    return not WHO.isdisjoint(given) and "Tx" not in given


def test_a_verb_without_a_rule_is_seen() -> None:
    def told(text: str) -> bool:
        (function,) = ast.parse(text).body
        assert isinstance(function, ast.FunctionDef)
        return _told_who(function)

    assert told("def approve(people: People, who: Session, what: str) -> None: ...")
    assert told("def approve(people: People, *, by: Doer) -> None: ...")
    assert not told("def approve(people: People, what: str) -> None: ...")
    assert {"accounts/roles.py::grant", "vetting/deciding.py::decide"} <= verbs()


PAGE = ROOT / "docs" / "reference" / "permissions.md"


def table() -> str:
    """The rules as the page has them."""
    rows = [
        "| What | One's own | A colleague's | Another account's | Second factor |",
        "|---|---|---|---|---|",
    ]
    for rule in permissions.RULES:
        cells = [_words(rule.allowed(whose)) for whose in Whose]
        rows.append(f"| {rule.words} | {' | '.join(cells)} | {'shown anew' if rule.step_up else 'as at sign-in'} |")
    return "\n".join(rows)


def _words(able: frozenset[Role]) -> str:
    if able == permissions.EVERYBODY:
        return "everybody"
    return ", ".join(ROLE_WORDS[role] for role in Role if role in able) or "–"


def test_the_page_is_the_table() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")
