"""The pages of the documentation in reading order; each one's neighbours follow from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DocPage:
    """One page. `takes_identifiers` marks those whose samples are filled with the reader's own values."""

    path: str
    title: str
    lead: str
    template: str
    takes_identifiers: bool = False


PAGES = (
    DocPage("/docs", "Overview", "Certificates for Direct addresses and domains, by HTTP and JSON.", "overview", True),
    DocPage("/docs/oauth", "OAuth2", "How your application gets a user's agreement and an access token.", "oauth", True),
    DocPage("/docs/certificate", "Certificate functions", "Issue, retrieve, reissue, renew and revoke.", "certificate", True),
    DocPage("/docs/query", "Query", "Find the records of an account, and read them page by page.", "query", True),
    DocPage("/docs/domain", "Domains", "Show that your organization controls a domain.", "domain", True),
    DocPage("/docs/event", "Events", "What happened to what is yours, to be fetched.", "event", True),
    DocPage("/docs/webhook", "Webhooks", "Events sent to you as they happen.", "webhook", True),
    DocPage("/docs/errors", "Errors", "Every error that this server answers, and what to do about it.", "errors"),
    DocPage("/docs/profile", "Certificate profile", "What the certificates and revocation lists look like.", "profile", True),
    DocPage("/docs/client", "Command line client", "The certificate functions from a terminal.", "client", True),
    DocPage("/docs/handbook", "Handbook", "The console, for applicants, officers and auditors.", "handbook"),
    DocPage("/docs/operator", "Operator's guide", "Running the authority: from its first start to a bad night.", "operator"),
    DocPage("/docs/reference", "Reference", "Every address, made from this server's OpenAPI document.", "reference"),
)

CALLBACK = DocPage("/docs/callback", "Your authorization code", "", "callback")
"""Outside the reading order: the sign-in leads there."""


def neighbours(page: DocPage) -> tuple[DocPage | None, DocPage | None]:
    """The page before and the page after."""
    place = PAGES.index(page)
    before = PAGES[place - 1] if place > 0 else None
    after = PAGES[place + 1] if place + 1 < len(PAGES) else None
    return before, after
