"""Who may do what to whose: the one table that verbs ask and that the documentation shows (docs/reference/permissions.md).

A row is a verb. Whose the thing is that it touches comes in three kinds, and for each the row names the roles that may. Roles
add up: whoever holds several may do what any of them may. What no row allows is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from directca.accounts.person import Person, Role
from directca.accounts.policy import in_words, listed
from directca.accounts.role_errors import NotPermitted


class Whose(StrEnum):
    """To whom the thing belongs that a verb touches."""

    OWN = "own"
    """The person's own."""
    SAME_ACCOUNT = "same account"
    """Somebody else's of the person's account."""
    OTHER = "other"
    """Of another account."""


NOBODY: frozenset[Role] = frozenset()
EVERYBODY = frozenset(Role)
_OFFICER = frozenset({Role.OFFICER})
_AUDITOR = frozenset({Role.AUDITOR})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
_ACCOUNT_ADMINISTRATOR = frozenset({Role.ACCOUNT_ADMINISTRATOR})
_REPRESENTATIVE = frozenset({Role.REPRESENTATIVE})
_VETTERS = frozenset({Role.OFFICER, Role.RA_OFFICER})
_READERS = frozenset({Role.OFFICER, Role.RA_OFFICER, Role.AUDITOR, Role.OPERATOR})
_TRUSTED_AGENT = frozenset({Role.TRUSTED_AGENT})
_TREASURERS = frozenset({Role.ADMINISTRATOR, Role.OPERATOR})
_OVERSIGHT = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


@dataclass(frozen=True)
class Rule:
    """One verb: where its code is, what it does in words, who may do it to whose, and whether the second factor must be fresh."""

    code: tuple[str, ...]
    words: str
    own: frozenset[Role] = NOBODY
    same_account: frozenset[Role] = NOBODY
    other: frozenset[Role] = NOBODY
    step_up: bool = False

    def allowed(self, whose: Whose) -> frozenset[Role]:
        """The roles that may do it to what belongs to `whose`."""
        return {Whose.OWN: self.own, Whose.SAME_ACCOUNT: self.same_account, Whose.OTHER: self.other}[whose]


def _account(words: str, *code: str) -> Rule:
    """Of what belongs to an account as a whole: to everybody of it alike, and to nobody else."""
    return Rule(code, words, own=EVERYBODY, same_account=EVERYBODY)


def _self(words: str, *code: str, step_up: bool = False) -> Rule:
    """Of what belongs to one person alone."""
    return Rule(code, words, own=EVERYBODY, step_up=step_up)


def _managed(words: str, *code: str, step_up: bool = False) -> Rule:
    """Of what decides who may use an account: to its administrators, and to nobody else."""
    return Rule(code, words, own=_ACCOUNT_ADMINISTRATOR, same_account=_ACCOUNT_ADMINISTRATOR, step_up=step_up)


def _represented(words: str, *code: str) -> Rule:
    """Of what somebody must answer for who speaks for the organization."""
    return Rule(code, words, own=_REPRESENTATIVE, same_account=_REPRESENTATIVE)


def _staff_application(words: str, able: frozenset[Role]) -> Rule:
    """Of scopes that reach beyond the account."""
    return Rule(("oauth/authorize.py::decide",), words, own=able, step_up=True)


def _authority(words: str, *code: str, able: frozenset[Role] = _OFFICER, step_up: bool = False) -> Rule:
    """Of what reaches every account."""
    return Rule(code, words, own=able, same_account=able, other=able, step_up=step_up)


def _others(words: str, *code: str, able: frozenset[Role] = _OFFICER, step_up: bool = False) -> Rule:
    """Of what the authority decides: never about one's own account."""
    return Rule(code, words, other=able, step_up=step_up)


ISSUE = _account("Buy a certificate pair for a name", "issuance/issue.py::issue")
REISSUE = _account("Reissue a pair", "issuance/reissue.py::reissue")
RENEW = _account("Renew a pair", "issuance/renew.py::renew")
RETRIEVE = _account(
    "Look a pair up",
    "certificates/name_history.py::of_account",
    "certificates/register.py::own",
    "certificates/query.py::page",
)
REVOKE = _account("Revoke, suspend or release a pair", "revocation/revoke.py::revoke")
REVOKE_FOR_AUTHORITY = Rule(
    ("revocation/revoke.py::revoke", "revocation/ordering.py::revoke_name"),
    "Revoke a pair because an authority is compromised",
    own=_OFFICER,
    same_account=_OFFICER,
    step_up=True,
)
PLAN_MANY = _authority("See what a revocation of many pairs would do", "revocation/bulk.py::plan")
REVOKE_MANY = _authority(
    "Revoke many pairs at once",
    "revocation/bulk.py::look",
    "revocation/bulk.py::order",
    "revocation/ordering.py::revoke_many",
    step_up=True,
)
SEE_REVOCATIONS = _authority(
    "See revocations of many pairs, and reports of compromised keys",
    "revocation/bulk_control.py::jobs",
    "revocation/bulk_control.py::job",
    "revocation/bulk_control.py::reports",
    able=_OFFICER | _AUDITOR,
)
STEER_REVOCATION = _authority(
    "Pause a revocation of many pairs, resume or cancel it",
    "revocation/bulk_control.py::pause",
    "revocation/bulk_control.py::resume",
    "revocation/bulk_control.py::cancel",
    step_up=True,
)
END_ORGANIZATION = _others(
    "End an organization, which revokes its certificates",
    "vetting/deciding.py::check_may_end",
    "revocation/organization_end.py::end_organization",
    "revocation/ordering.py::end",
    step_up=True,
)
SEE_PROPOSALS = _authority(
    "See what waits for a second officer",
    "vetting/proposals.py::waiting",
    "vetting/proposals.py::show",
    able=frozenset({Role.OFFICER, Role.AUDITOR, Role.OPERATOR}),
)
CONFIRM_PROPOSAL = _others(
    "Confirm or refuse what another officer proposed",
    "vetting/proposals.py::decide",
    "revocation/carrying_out.py::decide",
    step_up=True,
)
WITHDRAW_PROPOSAL = Rule(("vetting/proposals.py::withdraw",), "Take back what one has proposed", own=_OFFICER)
CLAIM_DOMAIN = _account("Claim a domain for an organization", "vetting/domain_claim.py::claim")
CHECK_DOMAIN = _account("Have a domain's record looked for", "vetting/domain_check.py::check")
CONFIRM_DOMAIN = _account("Enter the code that was mailed for a domain", "vetting/domain_confirm.py::confirm")
WITHDRAW_DOMAIN = _account("Give a claim to a domain up", "vetting/domain_withdraw.py::withdraw")
SEE_DOMAINS = _account(
    "See domains, and what was tried for them",
    "vetting/domain_views.py::views",
    "vetting/domain_views.py::view",
    "vetting/domain_views.py::attempts",
)
AUTHORIZE_ADDRESS = Rule(
    ("vetting/addresses.py::authorize", "vetting/addresses.py::withdraw", "vetting/address_upload.py::bring"),
    "Give authority over addresses of an organization, one or a file of them, or take it back",
    own=_REPRESENTATIVE,
    same_account=_REPRESENTATIVE,
)
SEE_ADDRESSES = _account(
    "See over which addresses there is authority, and what became of files of them",
    "vetting/addresses.py::listed",
    "vetting/address_upload.py::show",
    "vetting/address_upload.py::uploads",
    "vetting/address_upload.py::wrong_rows",
)
OPEN_CASE = _account(
    "Apply for an organization, or for other facts or a review of one",
    "vetting/applying.py::apply",
    "vetting/applying.py::reopen",
)
PREPARE_CASE = _account(
    "Say facts and name people in a case, submit it, and let people of an organization go",
    "vetting/applying.py::edit",
    "vetting/applying.py::propose",
    "vetting/applying.py::unpropose",
    "vetting/applying.py::submit",
)
PROOF_BY_PROVIDER = _account(
    "Let an identity provider say who somebody in a case is",
    "vetting/external_identity.py::begin",
    "vetting/external_identity.py::finish",
)
ANSWER_DECISION = _account(
    "Revise a rejected case or appeal, or withdraw a case",
    "vetting/applying.py::revise",
    "vetting/applying.py::appeal",
    "vetting/applying.py::withdraw",
)
RETIRE_PERSON = _represented("Let somebody of an organization count no longer", "vetting/applying.py::retire")
ACCEPT_AGREEMENT = _represented("Accept the subscriber agreement for an organization", "vetting/agreement.py::accept")
OPEN_PEOPLE_CASE = _represented("Ask for further people of an organization", "vetting/applying.py::reopen")
RECORD_PROOFING = _others(
    "Record that one has proofed an identity, in an applicant's draft", "vetting/trusted_agents.py::record", able=_TRUSTED_AGENT
)
NOTE_CASE = _account("Write to the authority in a case", "vetting/deciding.py::note")
SEE_CASES = _account(
    "See cases, organizations and their people",
    "vetting/case_page.py::of_account",
    "vetting/agreement.py::agreement_page",
    "vetting/case_page.py::case_page",
    "vetting/case_page.py::organizations_of",
    "vetting/case_page.py::organization_page",
    "vetting/case_page.py::people_of",
    "vetting/case_page.py::person",
)
SEE_EVERY_CASE = _authority(
    "See what waits for the authority, every case, and every organization with its people",
    "vetting/case_page.py::queue",
    "vetting/case_page.py::case_page",
    "vetting/case_page.py::organization_page",
    "vetting/case_page.py::person",
    "vetting/case_list.py::cases",
    "vetting/case_list.py::organizations_chosen",
    "vetting/case_list.py::due_for_review",
    "vetting/case_list.py::earlier_cases",
    "vetting/domain_views.py::of_organization",
    able=_READERS,
)
SEE_EVIDENCE = _others(
    "See the numbers of identity documents, which the journal tells",
    "vetting/evidence_shown.py::show_evidence",
    able=_VETTERS,
    step_up=True,
)
DECIDE_CASE = _others("Approve a case, reject it or send it back", "vetting/deciding.py::decide", able=_VETTERS, step_up=True)
ASK_APPLICANT = _others("Write to the applicant in a case", "vetting/deciding.py::note", able=_VETTERS)
SUSPEND_ORGANIZATION = _others(
    "Suspend an organization, or lift that",
    "vetting/deciding.py::suspend",
    "vetting/deciding.py::reinstate",
    step_up=True,
)
FETCH_EVENTS = _account(
    "Fetch the account's events, and acknowledge them", "notices/feed.py::fetch", "notices/feed.py::acknowledge"
)
CHOOSE_LETTERS = _self("Choose which events one is mailed", "notices/letters.py::choice", "notices/letters.py::choose")
SEE_WEBHOOKS = _account(
    "See the account's webhooks, and what was sent to them",
    "notices/webhooks.py::listed",
    "notices/webhooks.py::shown",
    "notices/webhook_log.py::deliveries",
    "notices/webhook_log.py::delivery",
)
CHANGE_WEBHOOKS = _account(
    "Have events sent to a webhook: make, verify, change, try out, switch off, delete it, and replay deliveries",
    "notices/webhooks.py::create",
    "notices/webhooks.py::change",
    "notices/webhooks.py::rotate",
    "notices/webhooks.py::switch_off",
    "notices/webhooks.py::delete",
    "notices/webhook_verify.py::verify",
    "notices/webhook_log.py::try_out",
    "notices/webhook_log.py::replay",
)
ALLOW_APPLICATION = _self("Let an application act in one's name", "oauth/authorize.py::decide")
ALLOW_MANAGING_APPLICATION = _self(
    "Let an application manage the account in one's name", "oauth/authorize.py::decide", step_up=True
)
ALLOW_OFFICERS_APPLICATION = _staff_application("Let an application revoke as an officer", _OFFICER)
ALLOW_VETTING_APPLICATION = _staff_application("Let an application decide on cases as the registration authority", _VETTERS)
ALLOW_READING_APPLICATION = _staff_application("Let an application see every case and what waits", _READERS)
ALLOW_AGENTS_APPLICATION = _staff_application("Let an application record proofings as a trusted agent", _TRUSTED_AGENT)
LIST_APPLICATIONS = _self("See which applications act in one's name", "oauth/connected.py::connections")
WITHDRAW_APPLICATION = _self("Withdraw an application's access", "oauth/connected.py::withdraw")
SEE_OWN_APPLICATIONS = _account(
    "See the account's applications", "oauth/own_applications.py::of_account", "oauth/own_applications.py::one"
)
KEEP_OWN_APPLICATIONS = _managed(
    "Make applications of the account, change them, replace their secrets, stop them",
    "oauth/own_applications.py::create",
    "oauth/own_applications.py::change",
    "oauth/own_applications.py::rotate",
    "oauth/own_applications.py::disable",
    "oauth/own_applications.py::enable",
    step_up=True,
)
SEE_MONEY = _account(
    "See the balance, the statement, the alarm, orders and invoices of the account",
    "accounts/statements.py::balance",
    "accounts/statements.py::name_of",
    "accounts/statements.py::statement",
    "accounts/alarms.py::of_account",
    "issuance/order_list.py::page",
    "issuance/order_list.py::one",
    "issuance/invoices.py::page",
    "issuance/invoices.py::one",
)
TOP_UP = _account(
    "Announce a payment, see how it stands, withdraw it",
    "accounts/top_ups.py::ask",
    "accounts/top_ups.py::of_account",
    "accounts/top_ups.py::one",
    "accounts/top_ups.py::withdraw",
)
SEE_PAYMENTS = _authority(
    "See which announced payments are waited for, of every account",
    "accounts/settling.py::waiting",
    "accounts/settling.py::one",
    "accounts/settling.py::referred_to",
    able=_TREASURERS | _AUDITOR,
)
SETTLE_PAYMENT = _others(
    "Confirm that an announced payment arrived, which books it, or wait for it no longer",
    "accounts/settling.py::confirm",
    "accounts/settling.py::decline",
    able=_TREASURERS,
    step_up=True,
)
SET_ALARM = _managed("Set the alarm of the account's balance", "accounts/alarms.py::set_threshold")
REFUND = _account("Have an order of a revoked pair refunded", "issuance/refund.py::refund")
SEE_USERS = _account(
    "See who uses the account, and who is invited", "accounts/members.py::of_account", "accounts/invitations.py::of_account"
)
KEEP_USERS = _managed(
    "Invite people to the account, withdraw that, make users administrators or not",
    "accounts/invitations.py::invite",
    "accounts/invitations.py::withdraw",
    "accounts/members.py::appoint",
    step_up=True,
)
REMOVE_USER = Rule(
    ("oauth/person_access.py::remove", "accounts/members.py::remove"),
    "End a user's access to the account",
    own=EVERYBODY,
    same_account=_ACCOUNT_ADMINISTRATOR,
    step_up=True,
)
LIST_SESSIONS = _self("See in which browsers one is signed in", "accounts/sessions.py::of_person")
END_SESSION = _self("Sign a browser out", "accounts/sessions.py::end_by_id", "accounts/sessions.py::end_all")
SHOW_FACTOR = _self("Show a second factor", "accounts/second_factor.py::ask_for_passkey", "accounts/second_factor.py::show")
LIST_FACTORS = _self("See one's second factors", "accounts/enrolment.py::held")
ADD_APP = _self(
    "Add an authenticator app",
    "accounts/enrolment.py::begin_app",
    "accounts/enrolment.py::pending_app",
    "accounts/enrolment.py::confirm_app",
    step_up=True,
)
ADD_PASSKEY = _self("Add a passkey", "accounts/enrolment.py::begin_passkey", "accounts/enrolment.py::add_passkey", step_up=True)
REMOVE_FACTOR = _self(
    "Remove a second factor", "accounts/enrolment.py::remove", "accounts/enrolment.py::check_fresh", step_up=True
)
MAKE_CODES = _self("Make new recovery codes", "accounts/enrolment.py::make_codes", step_up=True)
LIST_STAFF = Rule(
    ("accounts/roles.py::staff", "accounts/roles.py::person_named"),
    "See who holds which role",
    own=_OVERSIGHT,
    same_account=_OVERSIGHT,
    other=_OVERSIGHT,
)
GRANT_ROLE = Rule(("accounts/roles.py::grant",), "Grant a role", same_account=_ADMINISTRATOR, other=_ADMINISTRATOR, step_up=True)
WITHDRAW_ROLE = Rule(
    ("accounts/roles.py::withdraw",), "Withdraw a role", same_account=_ADMINISTRATOR, other=_ADMINISTRATOR, step_up=True
)

SEE_JOURNAL = _authority(
    "Read the journal, and what verifications found",
    "accounts/audit.py::rows",
    "accounts/audit.py::row",
    "accounts/audit.py::verifications",
    able=_AUDITOR,
)
COPY_JOURNAL = _authority("Take a copy of the journal along", "accounts/audit.py::copied", able=_AUDITOR)
VERIFY_JOURNAL = _authority("Have the journal verified", "accounts/audit.py::begin_verification", able=_AUDITOR)
SEE_STATE = _authority(
    "See the policy, the prices, the settings, and how the authority stands",
    "revocation/oversight.py::state",
    "revocation/oversight.py::check_may_see",
    able=_OVERSIGHT | frozenset({Role.OPERATOR}),
)

RULES = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))
"""Every rule, in the order of the page."""


def whose(doer: Person, owner: Person) -> Whose:
    """To whom a thing of `owner` belongs, seen by `doer`."""
    if doer.id == owner.id:
        return Whose.OWN
    return Whose.SAME_ACCOUNT if doer.account_id == owner.account_id else Whose.OTHER


def check(rule: Rule, roles: Iterable[Role], of: Whose) -> None:
    """Raise `NotPermitted` unless one of the roles may do it to what belongs to `of`. Everybody is a TUser besides."""
    if not rule.allowed(of).isdisjoint({*roles, Role.TUSER}):
        return
    if of is Whose.OWN and rule.own == NOBODY:
        raise NotPermitted("Nobody does this to themselves. Ask another administrator.")
    able = listed(in_words(rule.allowed(of)), "or")
    raise NotPermitted(f"You may not do this. It is for {able}." if able else "You may not do this.")
