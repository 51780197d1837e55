"""The Python of the documentation runs."""

import re
from pathlib import Path

import pytest

_DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize(
    "name",
    [
        "own-images.md",
        "anomaly.md",
        pytest.param("../README.md", marks=pytest.mark.slow),
        pytest.param("plain-keras.md", marks=pytest.mark.slow),
    ],
)
def test_the_python_of_a_page_runs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (_DOCS / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, name, "exec"), {})


@pytest.mark.slow
def test_the_tutorial_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = (_DOCS / "tutorial.md").read_text(encoding="utf-8")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "tutorial.md", "exec"), names)
    assert (tmp_path / "tutorial-run" / "model.keras").is_file()
