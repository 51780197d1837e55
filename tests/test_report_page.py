"""The page that sets results beside the report's, also in a real browser."""

import base64
import dataclasses
import hashlib
import html
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from markupsafe import escape
from PIL import Image

from kerasae.errors import ArtifactError
from kerasae.show.figure_files import save_figure
from kerasae.show.headline import Headline, KeyFigure
from kerasae.show.report_page import (
    PageContent,
    PageFigure,
    PageSection,
    Picture,
    PictureCard,
    PictureGroup,
    PictureScale,
    data_uri,
    report_page,
)
from kerasae.show.table import Cell, Column, Table
from kerasae.show.versions_figure import versions_figure

_CHROMIUM = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)


def _content(folder, **changes):
    headings = ["dims", "the report's network", "ours", "PCA", "the mean training image"]
    table = Table(
        "Test <MSE> & more",
        [Column(heading, ".5f") for heading in headings],
        [
            ["15", 0.0681, Cell(0.0111, "best"), Cell(0.02788, "loses"), 0.0675],
            ["<30>", None, 0.02, Cell(0.01, "best"), 0.0675],
        ],
        "a < note",
    )
    figure = PageFigure.read(folder / "digits.svg", 'A "quoted" text\'<i>')
    content = PageContent(
        "Results </title><script>alert(1)</script>",
        ["We agree & differ."],
        [PageSection("One & two", ["a < b"], [table], [figure])],
        "kerasae reproduce --out '<x>'",
        {"sweep": {"hidden_dims": [512, 256]}, "<u>Versions": {"<keras>": "<3.15.1>"}},
        Headline("worse", "<b>worse", "<b>detail", ["<b>more"], [KeyFigure("<k>", "<v>", "<s>")]),
    )
    return dataclasses.replace(content, **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    images = np.zeros((4, 8, 8))
    save_figure(folder, "digits", versions_figure(images, {"noisy": images + 0.1}, "Digits"))
    return folder


def test_every_text_is_escaped(folder):
    page = report_page(_content(folder))
    assert "<script" not in page
    assert "<i>" not in page
    texts = ("Test <MSE> & more", "<30>", "a < b", "a < note", "One & two", "'<x>'", "<b>worse")
    texts += ("<b>detail", "<b>more", "<k>", "<v>", "<s>", "<u>Versions", "<keras>", "<3.15.1>")
    for text in (*texts, 'A "quoted" text\'<i>'):
        assert text not in page
        assert str(escape(text)) in page


def test_the_page_needs_nothing_from_outside(folder):
    page = report_page(_content(folder))
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:image/", "#")) for source in sources)
    assert "url(" not in page
    assert "@import" not in page


def test_a_mark_is_seen_and_a_missing_value_is_a_dash(folder):
    page = report_page(_content(folder))
    assert re.findall(r'class="best">([^<]*)<', page) == ["★ 0.01110", "★ 0.01000"]
    assert re.findall(r'class="loses">([^<]*)<', page) == ["▼ 0.02788"]
    assert "<td>–</td>" in page


@pytest.mark.parametrize("file", ["missing.png", "digits.gif"])
def test_a_figure_that_cannot_be_shown_is_named(folder, file):
    with pytest.raises(ArtifactError, match=re.escape(file)):
        PageFigure.read(folder / file, "")


def _png(shade):
    content = io.BytesIO()
    Image.new("L", (8, 8), shade).save(content, "PNG")
    return content.getvalue()


_NAMES = ("original", "noisy", "PCA", "network", "PCA's error", "<i>network's error")


def _interactive(folder):
    """A page whose table sorts, with a missing value, and with pictures side by side."""
    rows = [["b10", 0.5, 7], ["b9", None, 12], ["a <i>", 0.00012345, 100]]
    table = Table("Runs", [Column(name, ".4g") for name in ("run", "MSE", "epochs")], rows)
    pictures = [Picture(name, data_uri(_png(shade))) for shade, name in enumerate(_NAMES)]
    card = PictureCard("x" * 80 + "<7>.png", "MSE 0.0123", pictures)
    scale = PictureScale(data_uri(_png(9)), "0", "<1>", "error")
    section = PageSection(
        "Runs", tables=[table], pictures=[PictureGroup("Worst", [card] * 12, scale)], sortable=True
    )
    return _content(folder, sections=[*_content(folder).sections, section])


def test_the_policy_allows_the_script_of_the_page_alone(folder):
    page = report_page(_interactive(folder))
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = html.unescape(re.search(r'Security-Policy" content="([^"]*)"', page)[1])
    assert policy.endswith(f"script-src 'sha256-{digest}'")
    assert "default-src 'none'" in policy


# Runs in a page around the one under test and writes down what it finds there.
_PROBE = """
onload = () => {
  const frame = document.querySelector("iframe");
  const page = frame.contentDocument;
  const table = page.querySelector("table:has(.sort)");
  const names = () => [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
  const sorted = {};
  table.querySelectorAll(".sort").forEach((button, column) => {
    button.click();
    const up = [names(), button.closest("th").getAttribute("aria-sort")];
    button.click();
    sorted[column] = [up, [names(), button.closest("th").getAttribute("aria-sort")]];
  });
  const shown = [...page.querySelector(".row").querySelectorAll("img")].map((image) => {
    const box = image.getBoundingClientRect();
    return [image.alt, Math.round(box.top), box.width > 20];
  });
  const images = [...page.images];
  found.textContent = JSON.stringify({
    overflow: page.documentElement.scrollWidth - page.documentElement.clientWidth,
    images: images.every((image) => image.complete && image.naturalWidth > 0),
    best: page.querySelectorAll("td.best").length,
    requests: frame.contentWindow.performance.getEntriesByType("resource").map((r) => r.name),
    dark: frame.contentWindow.matchMedia("(prefers-color-scheme: dark)").matches,
    sorted, shown,
  });
};
"""


def _in_browser(page, width, tmp_path, *options):
    """Returns what the probe found in a frame, and what the browser said."""
    # In a frame of the width under test, since a window cannot be as narrow as a phone.
    harness = tmp_path / "harness.html"
    harness.write_text(
        f"""<!doctype html><meta name="color-scheme" content="light dark">
        <iframe style="border:0" width="{width}" height="2000"
        srcdoc="{html.escape(page)}"></iframe><pre id="found"></pre>
        <script>{_PROBE}</script>""",
        encoding="utf-8",
    )
    command = [_CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", *options]
    command += ["--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1600,1200"]
    done = subprocess.run([*command, harness.as_uri()], capture_output=True, text=True, timeout=120)
    probed = re.search(r'<pre id="found">(.*?)</pre>', done.stdout)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(html.unescape(probed[1])), console


@pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("dark", [False, True])
def test_in_a_browser_the_page_fits_sorts_and_shows_all(folder, tmp_path, width, dark):
    options = ["--blink-settings=preferredColorScheme=0"] if dark else []
    page, console = _in_browser(report_page(_interactive(folder)), width, tmp_path, *options)
    assert console == []
    assert page["requests"] == []
    assert page["dark"] is dark
    assert page["overflow"] == 0
    assert page["images"]
    assert page["best"] == 2
    # Names with their numbers in order, numbers by size, what is missing last.
    for column, up, down in (
        ("0", ["a <i>", "b9", "b10"], ["b10", "b9", "a <i>"]),
        ("1", ["a <i>", "b10", "b9"], ["b10", "a <i>", "b9"]),
        ("2", ["b10", "b9", "a <i>"], ["a <i>", "b9", "b10"]),
    ):
        assert page["sorted"][column] == [[up, "ascending"], [down, "descending"]]
    # Original, reconstructions and errors are in one line, without a pointer or a tap.
    alts, tops, wide = zip(*page["shown"], strict=True)
    assert list(alts) == [f"{name} of {'x' * 80}<7>.png" for name in _NAMES]
    assert len(set(tops)) == 1
    assert all(wide)


@pytest.mark.skipif(_CHROMIUM is None, reason="no Chromium on this machine")
def test_a_browser_would_tell_of_a_request_and_refuses_it(folder, tmp_path):
    page = report_page(_interactive(folder))
    page = page.replace("</main>", '<img src="https://example.invalid/a.png"></main>')
    probed, console = _in_browser(page, 390, tmp_path)
    assert not probed["images"]
    assert any("Content Security Policy" in line for line in console)
