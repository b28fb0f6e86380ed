"""A first start finds settings that its operator wrote: it keeps them, or says in one line what to do instead."""

from pathlib import Path

import pytest

from tests.e2e.api_tools import a_name, issued
from tests.e2e.serving import command, serving
from tests.live import free_port


def written(data: Path, content: str) -> Path:
    data.mkdir()
    (data / "directca.toml").write_text(content)
    return data


def test_a_sandbox_is_made_with_settings_that_were_there_first_and_found_again(tmp_path: Path) -> None:
    port = free_port()
    content = f"# ours\n[server]\nport = {port}\nworkers = 1"  # without an end of line
    data = written(tmp_path / "var", content)
    with serving(data, port=port) as live, live.client() as api:
        made = issued(api, a_name(live.first.direct_domain))
        kept = (data / "directca.toml").read_text()
        assert kept.startswith(content + "\n")
    with serving(data, port=port) as live, live.client() as api:
        assert api("GET", f"/api/certificate/{made['identifier']}").json() == made
        assert (data / "directca.toml").read_text() == kept


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('[server]\npublic_url = "https://ca.example.org"\n', "There is no certificate authority in "),
        ("[sandbox]\nenabled = false\n", "There is no certificate authority in "),
        ("[server]\ncolour = 1\n", "There is no setting server.colour. Remove it or correct its name."),
    ],
)
def test_settings_that_no_sandbox_can_be_made_with_are_told_in_one_line(tmp_path: Path, content: str, told: str) -> None:
    data = written(tmp_path / "var", content)
    ended = command(data, "serve", "--port", str(free_port()))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1), ended.stderr
    assert ended.stderr.startswith(told)
    assert [path.name for path in data.iterdir()] == ["directca.toml"]
    assert (data / "directca.toml").read_text() == content
