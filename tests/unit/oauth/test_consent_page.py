"""The authorization endpoint as a person meets it: sign in, read, decide."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.oauth.applications import NewApplication, Registered, register
from directca.oauth.pkce import challenge
from directca.web.authorize import router
from tests.browser import forms
from tests.people import PASSWORD, USERNAME
from tests.unit.oauth.world import VERIFIER
from tests.website import BASE, CALLBACK, Site, a_site, sign_in


@pytest.fixture
def site(database: Database) -> Site:
    made = a_site(database)
    made.app.include_router(router(made.web))
    return made


def link(application: Registered, **changes: str | None) -> str:
    """An authorize link that is right but for `changes`."""
    sent = {
        "client_id": application.client.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "tuser.account",
        "state": "a&b c",
    } | changes
    return "/oauth/authorize?" + urlencode({name: value for name, value in sent.items() if value is not None})


def decision_form(page: str) -> dict[str, str]:
    """The fields of the form that holds the two buttons."""
    (form,) = [form for form in forms(page) if ("decision", "grant") in form.buttons]
    assert form.method == "post"
    return dict(form.fields)


def sent_to(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def test_who_is_not_signed_in_signs_in_and_comes_back_to_the_same_request(site: Site) -> None:
    asked = link(site.application())
    browser = site.browser()
    away = browser.get(asked)
    assert away.status_code == 303
    assert away.headers["location"].startswith("/sign-in?next=%2Foauth%2Fauthorize")
    form = browser.get(away.headers["location"])
    target = next(value for form in forms(form.text) for name, value in form.fields if name == "next")
    back = sign_in(browser, next=target)
    assert back.status_code == 303
    page = browser.get(back.headers["location"])
    assert page.status_code == 200
    assert decision_form(page.text)["state"] == "a&b c"


def test_who_must_authenticate_anew_is_led_there_and_back_once(site: Site) -> None:
    browser = site.signed_in()
    site.clinic.clock.advance(seconds=30)
    assert browser.get(link(site.application(), max_age="30")).status_code == 200
    away = browser.get(link(site.application(), max_age="0"))
    # Nothing but the password is there to be shown; whoever has a second factor is led to that.
    assert away.headers["location"].startswith("/sign-in?next=%2Foauth%2Fauthorize")
    assert away.headers["location"].endswith("&again=1")
    form = browser.get(away.headers["location"])
    (again,) = [dict(one.fields) for one in forms(form.text) if "password" in dict(one.fields)]
    site.clinic.clock.advance(seconds=30)
    back = browser.post("/sign-in", data={**again, "username": USERNAME, "password": PASSWORD})
    page = browser.get(back.headers["location"])
    assert page.status_code == 200
    site.clinic.clock.advance(seconds=60)
    sent = browser.post("/oauth/authorize", data={**decision_form(page.text), "decision": "grant"})
    assert "code" in sent_to(sent.headers["location"])


def test_nobody_without_a_second_factor_is_asked_for_one(site: Site) -> None:
    sent = site.signed_in().get(link(site.application(), acr_values="https://refeds.org/profile/mfa"))
    assert sent_to(sent.headers["location"])["error"] == "unmet_authentication_requirements"


def test_characters_that_no_address_should_hold_survive_the_way_through_sign_in(site: Site) -> None:
    state = '{"a":[1|2],"<b>":"ä^`\\"}'
    away = site.browser().get(link(site.application(), state=state))
    browser = site.signed_in()
    target = parse_qs(urlsplit(away.headers["location"]).query)["next"][0]
    assert decision_form(browser.get(target).text)["state"] == state


def test_the_page_says_who_asks_for_what_and_where_it_leads(site: Site) -> None:
    page = site.signed_in().get(link(site.application()))
    assert page.status_code == 200
    for words in (
        "Records Exchange",
        "Example Health Software",
        "app.example.com",
        "Buy, renew, reissue, revoke and read certificates for Sandbox Clinic",
        "Sign in as you, or see or change your password.",
        "/account/applications",
    ):
        assert words in page.text


def test_the_page_says_what_a_narrow_scope_does_not_allow(site: Site) -> None:
    text = site.signed_in().get(link(site.application(), scope="certificate.read")).text
    may, may_not = text.split("It may not")
    assert "Read the certificate records of Sandbox Clinic" in may
    assert "Buy, renew" not in may
    assert "Buy, renew or reissue certificates, or spend your balance." in may_not
    assert "Revoke, suspend or release certificates." in may_not


def test_the_scope_that_covers_every_other_is_asked_for_once(site: Site) -> None:
    text = site.signed_in().get(link(site.application(), scope="certificate.read tuser.account")).text
    assert "Buy, renew, reissue, revoke and read certificates for Sandbox Clinic" in text
    assert "Read the certificate records of Sandbox Clinic" not in text


def test_grant_and_refuse_are_two_equal_buttons(site: Site) -> None:
    text = site.signed_in().get(link(site.application())).text
    (form,) = [form for form in forms(text) if ("decision", "grant") in form.buttons]
    assert sorted(form.buttons) == [("decision", "grant"), ("decision", "refuse")]
    buttons = [line.strip() for line in text.splitlines() if 'name="decision"' in line]
    assert len({line.split(" name=")[0] for line in buttons}) == 1


def test_granting_sends_a_code_that_can_be_redeemed(site: Site) -> None:
    application = site.application()
    browser = site.signed_in()
    fields = decision_form(browser.get(link(application)).text)
    answer = browser.post("/oauth/authorize", data={**fields, "decision": "grant"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(CALLBACK + "?code=")
    assert set(sent_to(answer.headers["location"])) == {"code", "state", "iss"}
    assert sent_to(answer.headers["location"])["iss"] == BASE
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_refusing_sends_access_denied(site: Site) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text)
    answer = browser.post("/oauth/authorize", data={**fields, "decision": "refuse"})
    assert answer.status_code == 303
    assert sent_to(answer.headers["location"])["error"] == "access_denied"


@pytest.mark.parametrize("decision", [None, "", "yes", "Grant"])
def test_anything_but_a_clear_grant_grants_nothing(site: Site, decision: str | None) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text)
    answer = browser.post("/oauth/authorize", data=fields if decision is None else {**fields, "decision": decision})
    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_form_without_the_sessions_own_token_grants_nothing(site: Site, token: str | None) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text) | {"decision": "grant"}
    fields.pop("csrf_token")
    answer = browser.post("/oauth/authorize", data=fields if token is None else {**fields, "csrf_token": token})
    assert answer.status_code == 403
    assert "location" not in answer.headers


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_from_another_site_grants_nothing(site: Site, header: dict[str, str]) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text) | {"decision": "grant"}
    assert browser.post("/oauth/authorize", data=fields, headers=header).status_code == 403


def test_the_token_of_another_session_grants_nothing(site: Site) -> None:
    asked = link(site.application())
    fields = decision_form(site.signed_in().get(asked).text) | {"decision": "grant"}
    assert site.signed_in().post("/oauth/authorize", data=fields).status_code == 403


def test_a_changed_form_is_judged_again(site: Site) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text) | {"decision": "grant"}
    elsewhere = browser.post("/oauth/authorize", data={**fields, "redirect_uri": "https://evil.example/"})
    assert (elsewhere.status_code, "location" in elsewhere.headers) == (400, False)
    more = browser.post("/oauth/authorize", data={**fields, "scope": "openid"})
    assert sent_to(more.headers["location"])["error"] == "invalid_scope"


def test_a_decision_after_the_session_ended_leads_to_sign_in_and_back(site: Site) -> None:
    browser = site.signed_in()
    fields = decision_form(browser.get(link(site.application())).text) | {"decision": "grant"}
    site.clinic.clock.advance(hours=9)
    answer = browser.post("/oauth/authorize", data=fields)
    assert answer.status_code in {303, 403}
    assert CALLBACK not in answer.headers.get("location", "")


@pytest.mark.parametrize(
    "changes", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.example/cb"}, {"redirect_uri": None}]
)
@pytest.mark.parametrize("signed_in", [True, False])
def test_an_untrusted_link_shows_a_page_and_leads_nowhere(site: Site, changes: dict[str, str | None], signed_in: bool) -> None:
    browser = site.signed_in() if signed_in else site.browser()
    answer = browser.get(link(site.application(), **changes))
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "This link cannot be used" in answer.text
    assert 'href="https://evil.example' not in answer.text


@pytest.mark.parametrize("query", ["", "client_id=%FF", "&".join(["x=1"] * 101), "client_id=%3Cscript%3Ealert(1)%3C/script%3E"])
def test_a_query_that_cannot_be_read_shows_the_same_page(site: Site, query: str) -> None:
    answer = site.signed_in().get("/oauth/authorize?" + query)
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text


def test_a_mistake_goes_back_to_the_application_only_after_sign_in(site: Site) -> None:
    wrong = link(site.application(), scope="openid")
    before = site.browser().get(wrong)
    assert before.headers["location"].startswith("/sign-in?next=")
    after = site.signed_in().get(wrong)
    assert after.status_code == 303
    assert after.headers["location"].startswith(CALLBACK)
    assert sent_to(after.headers["location"])["error"] == "invalid_scope"


def test_the_policy_lets_the_form_lead_to_the_applications_origin_and_nowhere_else(site: Site) -> None:
    policy = site.signed_in().get(link(site.application())).headers["content-security-policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["form-action"] == "'self' https://app.example.com"
    assert directives["frame-ancestors"] == "'none'"
    assert directives["default-src"] == "'none'"


def test_the_page_is_never_kept_or_framed(site: Site) -> None:
    headers = site.signed_in().get(link(site.application())).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] in {"no-referrer", "same-origin"}


def test_an_applications_name_is_shown_as_text(site: Site) -> None:
    new = NewApplication("<b>Bold</b>", '"><script>alert(1)</script>', (CALLBACK,))
    application = register(site.web.oauth, new, actor="operator:test")
    text = site.signed_in().get(link(application)).text
    assert "&lt;b&gt;Bold&lt;/b&gt;" in text
    assert "<script>alert(1)" not in text


def test_a_native_application_leads_to_the_port_it_listens_on(site: Site) -> None:
    new = NewApplication("Client", "Owner", ("http://127.0.0.1/callback",), confidential=False, native=True)
    application = register(site.web.oauth, new, actor="operator:test")
    asked = link(
        application,
        redirect_uri="http://127.0.0.1:54321/callback",
        code_challenge=challenge(VERIFIER),
        code_challenge_method="S256",
    )
    browser = site.signed_in()
    page = browser.get(asked)
    assert "a program on this computer (127.0.0.1:54321)" in page.text
    assert "form-action 'self' http://127.0.0.1:54321;" in page.headers["content-security-policy"]
    answer = browser.post("/oauth/authorize", data={**decision_form(page.text), "decision": "grant"})
    assert answer.headers["location"].startswith("http://127.0.0.1:54321/callback?code=")


def test_the_redirect_uri_is_sent_byte_for_byte(site: Site) -> None:
    uri = "https://app.example.com/cb;v=1/~x?a=(1)&b='2'"
    application = register(site.web.oauth, NewApplication("A", "B", (uri,)), actor="operator:test")
    browser = site.signed_in()
    fields = decision_form(browser.get(link(application, redirect_uri=uri)).text)
    answer = browser.post("/oauth/authorize", data={**fields, "decision": "grant"})
    assert answer.headers["location"].startswith(uri + "&code=")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(site: Site, method: str) -> None:
    answer = site.signed_in().request(method, link(site.application()))
    assert answer.status_code == 405


def test_both_slashes_and_head_are_answered(site: Site) -> None:
    browser: TestClient = site.signed_in()
    asked = link(site.application())
    assert browser.get(asked.replace("/authorize?", "/authorize/?")).status_code == 200
    assert browser.head(asked).status_code == 200


def test_no_other_origin_may_read_the_page(site: Site) -> None:
    browser, asked = site.signed_in(), link(site.application())
    headers = browser.get(asked, headers={"Origin": "https://evil.example"}).headers
    assert [name for name in headers if name.startswith("access-control-")] == []
    assert browser.options(asked, headers={"Origin": "https://evil.example"}).status_code == 405
