"""The Ray executor, on real clusters of several nodes on this machine."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from small_work import drive, jobs_of, runs_of

# Before Ray is imported: all nodes stay on 127.0.0.1, and nobody is told.
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ray = pytest.importorskip("ray", reason="needs kerasae[ray]")

from kerasae import artifacts  # noqa: E402
from kerasae.errors import InvalidSetting, KerasAEError  # noqa: E402
from kerasae.jobs import EpochDone, Failed, Finished, Started, Warned  # noqa: E402
from kerasae.ledger import Ledger  # noqa: E402
from kerasae.ray_executor import RayExecutor  # noqa: E402

pytestmark = [pytest.mark.ray, pytest.mark.slow]
HERE = {"node_ip_address": "127.0.0.1", "object_store_memory": 200 << 20}
DRIVER = """
import pathlib, sys
from small_work import drive, jobs_of
from kerasae.errors import KerasAEError
from kerasae.jobs import Finished
from kerasae.ray_executor import RayExecutor
folder, address = pathlib.Path(sys.argv[1]), sys.argv[2]
names = [f"waiting-{number}" for number in range(4)]
def on_event(event):
    print(type(event).__name__, event.name, flush=True)
try:
    drive(jobs_of(folder, names), RayExecutor(address=address), folder, on_event=on_event)
except KerasAEError as error:
    print(error, file=sys.stderr)
    sys.exit(3)
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
        event.name: type(event).__name__
        for event in events
        if isinstance(event, Finished | Failed)
    }


def test_jobs_are_done_once_and_their_files_come_back(cluster, tmp_path):
    names = [f"fine-{number}" for number in range(30)]
    jobs = jobs_of(tmp_path, names)
    for _ in range(2):
        events = drive(jobs, RayExecutor(address=cluster.address), tmp_path)
        assert outcomes(events) == dict.fromkeys(names, "Finished")
    assert runs_of(tmp_path) == dict.fromkeys(names, 1)
    files = {path.name for path in (tmp_path / artifacts.TRIALS / "fine-7").iterdir()}
    assert files == {"experiment.json", "metrics.json", "state"}


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
    assert (tmp_path / artifacts.TRIALS / "killing-once" / "state").read_text() == "1"


def test_other_versions_on_a_node_are_refused(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasae.ray_cluster._COMPARED", ("python", "keras"))
    real = sys.modules["kerasae.ray_cluster"].environment
    versions = {"versions": {"python": "3.11.0", "keras": "3.0.0"}}
    monkeypatch.setattr("kerasae.ray_cluster._expected_versions", lambda: versions["versions"])
    assert real()["versions"]["keras"] != "3.0.0"
    with pytest.raises(KerasAEError, match=r"has python .*, this process 3\.11\.0"):
        drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(address=cluster.address), tmp_path)
    assert not list((tmp_path / "runs").iterdir())


def test_ray_started_here_listens_on_this_machine_only_and_stops(tmp_path):
    seen = set()

    def look(event):
        if isinstance(event, Finished):
            seen.update(_listening())

    events = drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(1), tmp_path, on_event=look)
    assert outcomes(events) == {"fine-a": "Finished"}
    assert not ray.is_initialized()


def test_an_address_where_nothing_listens_is_an_error_soon(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(InvalidSetting, match="nothing answers there"):
            drive(jobs_of(tmp_path, ["fine-a"]), RayExecutor(address=address), tmp_path)
        assert time.monotonic() - started < 30
