"""Every page of the documentation, read as a browser without JavaScript reads it."""

import html
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from directca.cli.sandbox import FIRST
from directca.web.docs.site import CALLBACK, PAGES, DocPage, neighbours
from tests.unit.web_docs.conftest import BASE, an_app

PATHS = [page.path for page in (*PAGES, CALLBACK)]
FORM = "client_id=app-1&redirect_uri=https%3A%2F%2Fcallback.example.org%2F&scope=tuser.account&response_type=code"


class Page(HTMLParser):
    """Ids, links and what must not be there."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fields: dict[str, str] = {}
        self.inline: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a":
            self.links.append(found["href"])
        if tag == "input":
            self.fields[found["name"]] = found.get("value", "")
        if "style" in found or tag == "style" or (tag == "script" and "src" not in found):
            self.inline.append(tag)
        self.inline.extend(name for name in found if name.startswith("on"))


def read(reader: TestClient, path: str) -> Page:
    answer = reader.get(path)
    assert answer.status_code == 200
    return Page(answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_a_page_is_guarded_and_has_nothing_inline(path: str, reader: TestClient) -> None:
    answer = reader.get(path)
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert Page(answer.text).inline == []


@pytest.mark.parametrize("path", PATHS)
def test_a_page_answers_with_a_slash_and_to_head(path: str, reader: TestClient) -> None:
    assert reader.get(path + "/").status_code == 200
    assert reader.head(path).status_code == 200
    assert reader.post(path).status_code == 405


@pytest.mark.parametrize("path", [*PATHS, "/docs/oauth?" + FORM, "/docs/oauth?scope=", "/docs/query?" + FORM])
def test_ids_are_unique(path: str, reader: TestClient) -> None:
    ids = read(reader, path).ids
    assert sorted(ids) == sorted(set(ids))


def test_every_link_within_the_documentation_leads_somewhere(reader: TestClient) -> None:
    pages = {path: read(reader, path) for path in PATHS}
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            target = target.partition("?")[0] or path
            if target.startswith("/docs"):
                assert target in pages, f"{path} links to {link}"
                assert not anchor or anchor in pages[target].ids, f"{path} links to {link}"


def test_the_three_pages_of_the_published_api_are_linked_to_one_another(reader: TestClient) -> None:
    three = {"/docs/oauth", "/docs/certificate", "/docs/query"}
    for path in three:
        text = re.search(r"<article.*?<nav class=\"neighbours\"", reader.get(path).text, re.DOTALL)
        assert text
        assert three - {path} <= {link.partition("#")[0] for link in Page(text[0]).links}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_a_page_ends_with_its_neighbours(page: object, reader: TestClient) -> None:
    assert page in PAGES
    end = reader.get(page.path).text.rpartition('class="neighbours"')[2]
    assert [one.path for one in neighbours(page) if one] == Page(end).links[: sum(one is not None for one in neighbours(page))]


@pytest.mark.parametrize("path", ["/docs/oauth", "/docs/certificate", "/docs/query"])
def test_the_form_builds_the_link_without_scripts(path: str, reader: TestClient) -> None:
    page = reader.get(f"{path}?{FORM}&state=s1")
    assert (
        f"{BASE}/oauth/authorize?client_id=app-1&amp;redirect_uri=https%3A%2F%2Fcallback.example.org%2F"
        "&amp;scope=tuser.account&amp;response_type=code&amp;state=s1" in page.text
    )


def test_the_form_explains_mistakes_and_keeps_what_was_typed(reader: TestClient) -> None:
    answer = reader.get("/docs/oauth?client_id=a+b&redirect_uri=http%3A%2F%2Fevil.example%2F&scope=x&response_type=token")
    page = Page(answer.text)
    assert page.fields["client_id"] == "a b"
    assert {"#client_id", "#redirect_uri", "#response_type"} <= set(page.links)
    assert 'role="alert"' in answer.text
    assert "#scope" not in page.links


@pytest.mark.parametrize("path", [page.path for page in PAGES])
def test_what_is_typed_is_escaped(path: str, reader: TestClient) -> None:
    mark = '"><script>alert(1)</script>'
    for name in ("client_id", "redirect_uri", "scope", "response_type", "state", "code_challenge", "common_name"):
        assert "<script>alert" not in reader.get(path, params={name: mark, "scope": mark}).text


def test_the_address_comes_from_the_configuration_and_not_from_the_host(reader: TestClient) -> None:
    answer = reader.get("/docs/oauth", headers={"Host": "evil.example"})
    assert "evil.example" not in answer.text
    assert f"{BASE}/oauth/token" in answer.text


def test_identifiers_are_filled_in_and_go_along(reader: TestClient) -> None:
    page = reader.get("/docs/certificate?common_name=bob@direct.clinic.example&client_id=app-7")
    assert f"{BASE}/api/certificate/renew/bob@direct.clinic.example" in page.text
    assert "/docs/query?client_id=app-7&amp;common_name=bob%40direct.clinic.example" in page.text


def test_a_sandbox_shows_names_that_work_in_it(reader: TestClient) -> None:
    with TestClient(an_app(sandbox=Path("var")), base_url=BASE) as sandbox:
        pages = {path: sandbox.get(path).text for path in ("/docs", "/docs/certificate", "/docs/oauth")}
        assert f"client issue alice@{FIRST.domain} " in pages["/docs"]
        assert f"{BASE}/api/certificate/bob@{FIRST.domain}" in pages["/docs/certificate"]
        assert Page(pages["/docs/oauth"]).fields["redirect_uri"] == f"{BASE}/docs/callback"
        assert "bob%40" not in "".join(Page(pages["/docs"]).links)
    assert FIRST.domain not in reader.get("/docs").text
    assert read(reader, "/docs/oauth").fields["redirect_uri"] == ""


def test_a_sandbox_tells_where_its_credentials_really_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "it's mine" / "data"
    for data, told, typed in (
        (Path("var"), "var/sandbox.json", "var/sandbox.json"),
        (tmp_path / "var", "var/sandbox.json", "var/sandbox.json"),
        (elsewhere, f"{elsewhere}/sandbox.json", shlex.quote(f"{elsewhere}/sandbox.json")),
        (Path("other"), f"{tmp_path}/other/sandbox.json", f"{tmp_path}/other/sandbox.json"),
    ):
        with TestClient(an_app(sandbox=data), base_url=BASE) as sandbox:
            pages = {path: html.unescape(sandbox.get(path).text) for path in ("/docs", "/docs/oauth", "/docs/profile")}
        assert all(told in text or typed in text for text in pages.values())
        assert f"jq -r .client_id {typed})" in pages["/docs"]
        assert f"kept in <code>{told}</code>" in pages["/docs"]
        assert f"<code>{told}</code>" in pages["/docs/oauth"]
        assert ("var/sandbox.json" in "".join(pages.values())) is (told == "var/sandbox.json")


def test_an_authority_tells_nobody_its_folder(reader: TestClient) -> None:
    pages = [reader.get(page.path).text for page in PAGES]
    assert {found for text in pages for found in re.findall(r"[^\s<>\"]*sandbox\.json", text)} == {
        "sandbox.json",
        "var/sandbox.json",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.template)
def test_the_heading_comes_before_the_folded_navigation(page: DocPage, reader: TestClient) -> None:
    article = reader.get(page.path).text.partition("<article")[2]
    assert article.index("<h1>") < article.index('<details class="docs-menu">') < article.index("<section")
    assert article.count("<h1") == 1


def test_a_long_page_lists_its_sections(reader: TestClient) -> None:
    listed = reader.get("/docs/oauth").text.partition('aria-label="On this page"')[2].partition("</nav>")[0]
    assert {"#link", "#token", "#pkce"} <= set(Page(listed).links)
    assert "Build the authorize link" in listed


def test_a_prepared_link_plants_no_command_in_a_sample(reader: TestClient) -> None:
    answer = reader.get("/docs/certificate?common_name=$(reboot)&client_id=`reboot`&redirect_uri=$(reboot)")
    samples = re.findall(r"<pre.*?</pre>", answer.text, re.DOTALL)
    assert samples
    assert not [sample for sample in samples if "reboot" in sample]


def test_the_reference_shows_the_running_api(reader: TestClient) -> None:
    page = reader.get("/docs/reference")
    assert 'id="post-api-thing-name"' in page.text
    assert "<code>size</code>" in page.text
    assert "In <code>cm</code>." in page.text
