"""Downloads into a shared cache, from a server on this machine."""

import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading

import pytest

from kerasae.data.downloads import fetch_once
from kerasae.errors import DataError

CONTENT = bytes(range(256)) * 4000

FETCH = """
import hashlib, pathlib, sys, urllib.request
from kerasae.data.downloads import fetch_once
from kerasae.errors import DataError

url, cache, expected = sys.argv[1:]

def read(folder):
    file = folder / "sub" / "data"
    if not file.is_file():
        return None
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise DataError("other content")
    return content

def download(folder):
    (folder / "sub").mkdir()
    urllib.request.urlretrieve(url, folder / "sub" / "data")

print(len(fetch_once(pathlib.Path(cache), "data", read, download)))
"""


@pytest.fixture
def server():
    """A server that counts, and holds each answer until `release` is set."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests.append(self.path)
            self.server.asked.set()
            self.server.release.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write(CONTENT)

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.requests, made.asked, made.release = [], threading.Event(), threading.Event()
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def fetching(server, cache, expected):
    url = f"http://127.0.0.1:{server.server_port}/data"
    command = [sys.executable, "-c", FETCH, url, str(cache), expected]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_that_start_with_an_empty_cache_fetch_once(server, tmp_path):
    expected = hashlib.sha256(CONTENT).hexdigest()
    both = [fetching(server, tmp_path / "cache", expected) for _ in range(2)]
    server.release.set()
    outputs = [process.communicate()[0].strip() for process in both]
    assert outputs == [str(len(CONTENT))] * 2
    assert server.requests == ["/data"]
    assert (tmp_path / "cache" / "sub" / "data").read_bytes() == CONTENT
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) in (
        ["sub"], [".data.lock", "sub"],
    )  # fmt: skip


def test_content_that_is_not_what_was_expected_is_not_kept(server, tmp_path):
    server.release.set()
    process = fetching(server, tmp_path / "cache", "0" * 64)
    assert "other content" in process.communicate()[1]
    assert [p.name for p in (tmp_path / "cache").iterdir() if p.name != ".data.lock"] == []


def test_a_process_killed_in_the_middle_leaves_nothing_that_is_taken_for_the_file(server, tmp_path):
    expected = hashlib.sha256(CONTENT).hexdigest()
    first = fetching(server, tmp_path / "cache", expected)
    assert server.asked.wait(60)
    first.kill()
    first.communicate()
    assert not (tmp_path / "cache" / "sub").exists()
    server.release.set()
    second = fetching(server, tmp_path / "cache", expected)
    assert second.communicate()[0].strip() == str(len(CONTENT))


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(DataError, match=r"cache: data cannot be kept there .*KERAS_HOME"):
        fetch_once(tmp_path / "cache", "data", lambda p: None, lambda p: None)


@pytest.mark.slow
def test_without_a_network_one_line_says_which_file_to_put_where(tmp_path):
    # A port that nothing listens at.
    with socket.create_server(("127.0.0.1", 0)) as closed:
        proxy = f"http://127.0.0.1:{closed.getsockname()[1]}"
    done = subprocess.run(
        [sys.executable, "-m", "kerasae_cli.main", "fit", "--out", str(tmp_path / "out")],
        env={
            **{key: value for key, value in os.environ.items() if key != "KERASAE_DATA_DIR"},
            "KERAS_HOME": str(tmp_path / "home"), "https_proxy": proxy, "no_proxy": "",
        },
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    line = done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert "mnist.npz" in line
    assert str(tmp_path / "home") in line
    assert "--dataset mnist5k" in line
    left = {path.name for path in tmp_path.rglob("*")}
    assert left <= {"home", "datasets", ".mnist.lock"}
