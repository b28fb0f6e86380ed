"""The pages name each field, parameter and word of the interface, and the samples of answers have its true fields."""

import json
import re

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from directca.api import query_parameters
from directca.api.certificate_models import CertificateRecord, CertificateRequest, DryRun, QueryPage, Subject
from directca.api.compromise_models import CompromiseAnswer, CompromiseProof, CompromiseReport
from directca.api.event_models import EventFeed, EventRecord
from directca.api.webhook_models import NewWebhook
from directca.certificates.model import Status
from directca.direct.oids import OrganizationType
from directca.notices.model import EventKind
from directca.notices.webhook_model import Outcome
from directca.oauth.scopes import SCOPES
from directca.pki.compromise import ALGORITHMS, COMMON_NAME, statement
from directca.pki.reasons import RevocationReason
from directca.web.docs.samples import answers, fill
from directca.web.docs.site import PAGES
from directca.web.docs.view import view
from tests.unit.web_docs.conftest import BASE, an_app

TOKEN_FIELDS = ("access_token", "refresh_token", "token_type", "expires_in", "scope")
TOKEN_PARAMETERS = ("grant_type", "client_id", "client_secret", "code", "redirect_uri", "code_verifier", "refresh_token")


def spelt(model: type[BaseModel]) -> list[str]:
    """The fields as they are sent."""
    return [field.alias or name for name, field in model.model_fields.items()]


@pytest.fixture(scope="module")
def words() -> dict[str, set[str]]:
    """Of each page, everything that it sets as code."""
    with TestClient(an_app(), base_url=BASE) as reader:
        return {page.path: set(re.findall(r"<code>([^<]+)</code>", reader.get(page.path).text)) for page in PAGES}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/docs/certificate", [*CertificateRequest.model_fields, *Subject.model_fields]),
        ("/docs/certificate", CertificateRecord.model_fields),
        ("/docs/certificate", DryRun.model_fields),
        ("/docs/certificate", [*spelt(CompromiseReport), *spelt(CompromiseProof)]),
        ("/docs/certificate", CompromiseAnswer.model_fields),
        ("/docs/certificate", [COMMON_NAME, *ALGORITHMS, statement(BASE)]),
        ("/docs/certificate", RevocationReason),
        ("/docs/certificate", Status),
        ("/docs/certificate", OrganizationType),
        ("/docs/query", query_parameters.PARAMETERS),
        ("/docs/query", QueryPage.model_fields),
        ("/docs/query", Status),
        ("/docs/event", [*EventRecord.model_fields, *EventFeed.model_fields, *EventKind]),
        ("/docs/webhook", [*NewWebhook.model_fields, *Outcome]),
        ("/docs/oauth", SCOPES),
        ("/docs/oauth", TOKEN_FIELDS),
        ("/docs/oauth", TOKEN_PARAMETERS),
    ],
)
def test_every_name_of_the_interface_is_on_its_page(path: str, names: list[str], words: dict[str, set[str]]) -> None:
    assert [str(name) for name in names if str(name) not in words[path]] == []


def shown(name: str) -> dict[str, object]:
    """A sample answer as the page has it."""
    content: dict[str, object] = json.loads(fill(answers()[name], view(PAGES[0], {}, BASE).fills))
    return content


def test_the_sample_record_has_exactly_the_fields_of_a_record() -> None:
    assert set(shown("record")) == set(CertificateRecord.model_fields)
    CertificateRecord.model_validate(shown("record"))


def test_the_sample_page_has_exactly_the_fields_of_a_page() -> None:
    assert set(shown("query")) == {"query", "records"}
    QueryPage.model_validate(shown("query")["query"])


def test_the_sample_token_has_exactly_the_fields_of_an_answer() -> None:
    assert list(shown("token")) == list(TOKEN_FIELDS)
