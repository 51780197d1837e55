"""The documentation site: built without a warning, and readable without a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sphinx", reason="needs kerasae[docs]")
DOCS = Path(__file__).parents[1] / "docs"
# What a browser would fetch by itself.
_FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", str(DOCS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.full
def test_nothing_is_fetched_from_the_network(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    fetched = {
        (page.name, found)
        for page in pages
        for found in _FETCHED.findall(page.read_text(encoding="utf-8"))
    }
    assert fetched == set()
    sheets = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    assert not [sheet for sheet in sheets if re.search(r"@import|url\([\"']?(?:https?:)?//", sheet)]


@pytest.mark.full
def test_every_command_and_public_name_has_a_place(site):
    from kerasae_cli.main import app

    import kerasae

    for command in app.registered_commands:
        name = (command.name or command.callback.__name__).replace("_", "-")
        assert (site / "commands" / f"{name}.html").is_file()
    reference = "".join(page.read_text("utf-8") for page in (site / "api").glob("*.html"))
    documented = set(re.findall(r'id="kerasae\.(?:\w+\.)?(\w+)"', reference))
    assert set(kerasae.__all__) <= documented


@pytest.mark.full
def test_options_are_shown_as_they_are_typed(site):
    assert "needs --shortcut none" in (site / "commands" / "fit.html").read_text(encoding="utf-8")


@pytest.mark.full
def test_the_search_knows_the_pages(site):
    assert "lab-course" in (site / "searchindex.js").read_text(encoding="utf-8")
