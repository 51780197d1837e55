"""The Ray executor, on real clusters of several nodes on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_work import drive, jobs_of, runs_of

# Before Ray is imported: all nodes stay on 127.0.0.1, and nobody is told.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
# Every cluster here asks for a token, as docs/distributed.md says how to turn on.
os.environ["RAY_AUTH_MODE"] = "token"
os.environ["RAY_AUTH_TOKEN"] = "0123456789abcdef" * 4
# The nodes' workers import what the tests do.
os.environ["PYTHONPATH"] = os.pathsep.join([*filter(None, sys.path), str(Path(__file__).parent)])
ray = pytest.importorskip("ray", reason="needs kerasae[ray]")

from kerasae.errors import InvalidSetting, KerasAEError  # noqa: E402
from kerasae.runs import run_files  # noqa: E402
from kerasae.trials.jobs import Failed, Finished, Started, Warned  # noqa: E402
from kerasae.trials.ledger import Ledger  # noqa: E402
from kerasae.trials.ray.executor import RayExecutor  # noqa: E402

pytestmark = [pytest.mark.ray, pytest.mark.slow]
HERE = {"node_ip_address": "127.0.0.1", "object_store_memory": 200 << 20}
DRIVER = """
import os, pathlib, signal, sys
from small_work import drive, jobs_of
from kerasae.errors import KerasAEError
from kerasae.trials.jobs import Finished
from kerasae.trials.ray.executor import RayExecutor
folder, address, results, *names = sys.argv[1:]
results = int(results)
def on_event(event):
    global results
    print(type(event).__name__, event.name, flush=True)
    results -= isinstance(event, Finished)
    if results == 0:
        os.kill(os.getpid(), signal.SIGKILL)
folder = pathlib.Path(folder)
try:
    drive(jobs_of(folder, names), RayExecutor(address=address), folder, on_event=on_event)
except KerasAEError as error:
    sys.exit(str(error))
"""


def new_cluster(nodes):
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, **HERE}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    return cluster, [cluster.add_node(num_cpus=1, **HERE) for _ in range(nodes)]


@pytest.fixture(scope="module")
def cluster():
    made, _ = new_cluster(2)
    yield made
    made.shutdown()


def outcomes(events):
    return {
        event.name: type(event).__name__ for event in events if isinstance(event, Finished | Failed)
    }


def test_jobs_are_done_once_and_their_files_come_back(cluster, tmp_path):
    names = [f"fine-{number}" for number in range(30)]
    jobs = jobs_of(tmp_path, names)
    for _ in range(2):
        events = drive(jobs, RayExecutor(address=cluster.address), tmp_path)
        assert outcomes(events) == dict.fromkeys(names, "Finished")
    assert runs_of(tmp_path) == dict.fromkeys(names, 1)
    files = {path.name for path in (tmp_path / run_files.TRIALS / "fine-7").iterdir()}
    assert files == {"experiment.json", "history.csv", "metrics.json", "state"}


def test_a_worker_that_kills_itself_costs_its_own_job_only(cluster, tmp_path):
    names = ["killing-always", "fine-a", "killing-once", "fine-b"]
    events = drive(jobs_of(tmp_path, names), RayExecutor(address=cluster.address), tmp_path)
    assert outcomes(events) == {
        "killing-always": "Failed", "fine-a": "Finished",
        "killing-once": "Finished", "fine-b": "Finished",
    }  # fmt: skip
    assert runs_of(tmp_path)["killing-always"] == 3
    assert runs_of(tmp_path)["killing-once"] == 2
    assert runs_of(tmp_path)["fine-a"] == runs_of(tmp_path)["fine-b"] == 1
    # What it had saved before it was killed was there again.
    assert (tmp_path / run_files.TRIALS / "killing-once" / "state").read_text() == "1"


def test_other_versions_on_a_node_are_refused_before_anything_runs(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "importlib.metadata.version", lambda package: "0.0" if package == "keras" else "9"
    )
    with pytest.raises(KerasAEError, match=r"has keras 3\.\S+, this process 0\.0"):
        drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(address=cluster.address), tmp_path)
    assert not list((tmp_path / "runs").iterdir())


def test_ray_started_here_is_bound_to_this_machine_and_stopped(tmp_path):
    addresses = set()

    def look(event):
        if isinstance(event, Finished):
            nodes = {node["NodeManagerAddress"] for node in ray.nodes()}
            addresses.update(nodes, {ray.get_runtime_context().gcs_address.rpartition(":")[0]})

    events = drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(1), tmp_path, on_event=look)
    assert outcomes(events) == {"fine-a": "Finished"}
    assert addresses == {"127.0.0.1"}
    assert not ray.is_initialized()


def test_ray_started_here_lets_nobody_else_in_and_leaves_nothing_in_the_home(tmp_path):
    code = """
import os, sys, pathlib, subprocess
from small_work import drive, jobs_of
from kerasae.trials.jobs import Finished
from kerasae.trials.ray.executor import RayExecutor
import ray
other = "import ray, sys; ray.init(address=sys.argv[1], log_to_driver=False); ray.nodes()"
def look(event):
    if isinstance(event, Finished):
        address = ray.get_runtime_context().gcs_address
        environment = {**os.environ, "RAY_AUTH_TOKEN": "f" * 64}
        done = subprocess.run([sys.executable, "-c", other, address], env=environment,
                              capture_output=True, text=True)
        print(done.returncode, "uthentication" in done.stderr)
folder = pathlib.Path(sys.argv[1])
drive(jobs_of(folder, ["fine-a"]), RayExecutor(1), folder, on_event=look)
"""
    (tmp_path / "home").mkdir()
    environment = {key: value for key, value in os.environ.items() if "RAY_AUTH" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True,
        env={**environment, "HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert done.stdout.split() == ["1", "True"], done.stderr
    assert not (tmp_path / "home" / ".ray").exists()


def test_an_address_where_nothing_listens_is_an_error_soon(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(InvalidSetting, match="nothing answers there"):
            drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(address=address), tmp_path)
        assert time.monotonic() - started < 30


def driver(folder, cluster, results, names):
    command = [sys.executable, "-c", DRIVER, str(folder), cluster.address, str(results), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_driver_that_is_killed_runs_nothing_finished_again(cluster, tmp_path):
    names = [f"fine-{number}" for number in range(12)]
    with driver(tmp_path, cluster, 5, names) as killed:
        _, error = killed.communicate()
    assert killed.returncode == -signal.SIGKILL, error
    with Ledger(tmp_path) as ledger:
        finished = [name for name, entry in ledger.read().items() if entry.outcome]
    assert len(finished) >= 5
    before = runs_of(tmp_path)
    events = drive(jobs_of(tmp_path, names), RayExecutor(address=cluster.address), tmp_path)
    assert outcomes(events) == dict.fromkeys(names, "Finished")
    assert all(runs_of(tmp_path)[name] == before[name] for name in finished)


def test_a_node_that_is_lost_costs_the_epochs_in_flight_only(tmp_path):
    names = [f"waiting-{number}" for number in range(4)]
    cluster, nodes = new_cluster(2)
    started = set()

    def pull_the_plug(event):
        if isinstance(event, Started):
            started.add(event.name)
            if len(started) == 2:
                cluster.remove_node(nodes[0], allow_graceful=False)
        elif isinstance(event, Warned):
            (tmp_path / "runs" / "go").touch()

    try:
        events = drive(
            jobs_of(tmp_path, names), RayExecutor(address=cluster.address), tmp_path,
            on_event=pull_the_plug,
        )  # fmt: skip
    finally:
        cluster.shutdown()
    assert sorted(e.name for e in events if isinstance(e, Finished)) == names
    assert [event for event in events if isinstance(event, Warned)]
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()
    assert [sum(name in line and "metrics" in line for line in lines) for name in names] == [1] * 4
    assert sum(runs_of(tmp_path).values()) > len(names)


@pytest.mark.full
def test_a_lost_head_is_told_soon_and_another_cluster_goes_on(tmp_path):
    names = [f"waiting-{number}" for number in range(2)]
    first, _ = new_cluster(1)
    try:
        with driver(tmp_path, first, 9, names) as lost:
            assert lost.stdout.readline().startswith("Started")
            first.remove_node(first.head_node, allow_graceful=False)
            _, error = lost.communicate(timeout=90)
    finally:
        first.shutdown()
    assert lost.returncode == 1
    assert "does not answer any more" in error.splitlines()[-1]
    (tmp_path / "runs" / "go").touch()
    second, _ = new_cluster(1)
    try:
        events = drive(jobs_of(tmp_path, names), RayExecutor(address=second.address), tmp_path)
    finally:
        second.shutdown()
    assert outcomes(events) == dict.fromkeys(names, "Finished")
