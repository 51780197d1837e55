"""The page that sets results beside the report's, also in a real browser."""

import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from kerasae.artifacts import save_figure
from kerasae.errors import ArtifactError
from kerasae.report_page import report_page
from kerasae.versions_figure import versions_figure

_CHROMIUM = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)


def _content(**changes):
    columns = ["dims", "the report's network", "ours", "PCA", "the mean training image"]
    table = {
        "caption": "Test <MSE> & more",
        "columns": columns,
        "rows": [["15", 0.0681, 0.0111, 0.02788, 0.0675], ["<30>", None, 0.02, 0.01, 0.0675]],
        "compare": [1, 2, 3],
    }
    figure = {"file": "digits.svg", "caption": "Digits \"'<i>", "alt": 'a "quoted" text'}
    section = {"title": "One & two", "paragraphs": ["a < b"], "tables": [table]}
    return {
        "title": "Results </title><script>alert(1)</script>",
        "summary": ["We agree & differ."],
        "sections": [{**section, "figures": [figure]}],
        "command": "kerasae reproduce --out '<x>'",
        "settings": {"sweep": {"hidden_dims": [512, 256]}},
        "versions": {"keras": "3.15.1"},
        **changes,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    images = np.zeros((4, 8, 8))
    save_figure(folder, "digits", versions_figure(images, {"noisy": images + 0.1}, "Digits"))
    return folder


def test_every_text_is_escaped(folder):
    page = report_page(_content(), folder)
    assert "<script" not in page
    assert "<i>" not in page
    for text in ("Test <MSE> & more", "<30>", "a < b", "One & two", "'<x>'", 'a "quoted" text'):
        assert text not in page
        assert html.escape(text) in page


def test_the_page_needs_nothing_from_outside(folder):
    page = report_page(_content(), folder)
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/", "#")) for source in sources)
    assert "url(" not in page
    assert "@import" not in page


def test_the_lowest_of_the_compared_columns_is_marked_and_a_missing_value_is_a_dash(folder):
    page = report_page(_content(), folder)
    assert re.findall(r'class="best">([^<]*)<', page) == ["0.01110", "0.01000"]
    assert "<td>&ndash;</td>" in page


def test_the_highest_can_be_marked_instead(folder):
    content = _content()
    content["sections"][0]["tables"][0].update(highest=True, decimals=2)
    page = report_page(content, folder)
    assert re.findall(r'class="best">([^<]*)<', page) == ["0.07", "0.02"]


@pytest.mark.parametrize("file", ["missing.png", "digits.gif"])
def test_a_figure_that_cannot_be_shown_is_named(folder, file):
    section = {"title": "", "paragraphs": [], "figures": [{"file": file, "caption": "", "alt": ""}]}
    with pytest.raises(ArtifactError, match=re.escape(file)):
        report_page(_content(sections=[section]), folder)


@pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1440])
def test_a_browser_lays_the_page_out_without_scrolling_sideways(folder, tmp_path, width):
    # In a frame of the width under test, since a window cannot be as narrow as a phone.
    harness = tmp_path / "harness.html"
    harness.write_text(
        f"""<!doctype html><iframe style="border:0" width="{width}" height="2000"
        srcdoc="{html.escape(report_page(_content(), folder))}"></iframe><pre id="found"></pre>
        <script>onload = () => {{
          const page = document.querySelector("iframe").contentDocument;
          const image = page.querySelector("img");
          found.textContent = JSON.stringify([page.documentElement.scrollWidth,
            image.complete && image.naturalWidth > 0, page.querySelectorAll("td.best").length]);
        }}</script>""",
        encoding="utf-8",
    )
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1600,1200"]
    done = subprocess.run(
        [*command, harness.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    assert json.loads(found[1]) == [width, True, 2]
