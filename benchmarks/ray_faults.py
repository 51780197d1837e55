"""Runs a sweep on a Ray cluster of several nodes while something breaks every minute.

    python benchmarks/ray_faults.py --minutes 30

300 short trials on `digits8` run on real nodes of one CPU each, all of this machine. Once a minute
one of these happens, drawn at random: a worker is ended, a worker is killed as the kernel does it
when memory is out, a node is lost (and one joins twenty seconds later), a node joins late (from
three on, the oldest is lost), the driver is killed, or the head is lost with all of its nodes. A
driver or head that is gone is replaced, and the command resumed as it advises. At the end every
trial must have finished once by the ledger, and `results.csv` must say what a sweep without faults
says. Prints how often each fault came, and what was seen at once.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import csv
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_MODE"] = "token"
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)

from ray.cluster_utils import Cluster

HERE = {"node_ip_address": "127.0.0.1", "object_store_memory": 200 << 20}
# What no two trainings share.
TIMES = {"seconds", "train_seconds", "images_per_second"}
COMMAND = [sys.executable, "-m", "kerasae_cli.main", "sweep"]


class Bench:
    """A cluster, and the sweep that runs on it."""

    def __init__(self, folder: Path, settings: list[str]) -> None:
        self.folder, self._settings = folder, settings
        self._log = folder.with_suffix(".log").open("w")
        self.cluster: Any = None
        self.new_cluster()

    def new_cluster(self) -> None:
        if self.cluster is not None:
            self.cluster.shutdown()
        head = {"num_cpus": 0, "include_dashboard": False, **HERE}
        self.cluster = Cluster(initialize_head=True, head_node_args=head)
        self.nodes = [self.add_node(), self.add_node()]

    def add_node(self) -> Any:
        return self.cluster.add_node(num_cpus=1, **HERE)

    def start(self) -> None:
        begun = (self.folder / "sweep.json").exists()
        words = (
            ["--resume", str(self.folder)]
            if begun
            else [*self._settings, "--out", str(self.folder)]
        )
        ray = ["--executor", "ray", "--ray-address", self.cluster.address, "--quiet"]
        self.driver = subprocess.Popen([*COMMAND, *words, *ray], stdout=self._log, stderr=self._log)

    def workers(self) -> list[int]:
        """Lists the processes in which trials train."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (place / "cmdline").read_bytes()
                if words.startswith(b"ray::") and b"IDLE" not in words:
                    found.append(int(place.name))
        return found


def kill_a_worker(bench: Bench, how: int) -> str:
    workers = bench.workers()
    if not workers:
        return "no worker was there"
    os.kill(random.choice(workers), how)
    return ""


def worker_killed(bench: Bench) -> str:
    return kill_a_worker(bench, signal.SIGTERM)


def worker_out_of_memory(bench: Bench) -> str:
    return kill_a_worker(bench, signal.SIGKILL)


def node_lost(bench: Bench) -> str:
    lost = bench.nodes.pop(random.randrange(len(bench.nodes)))
    bench.cluster.remove_node(lost, allow_graceful=False)
    time.sleep(20)
    bench.nodes.append(bench.add_node())
    return ""


def node_joins(bench: Bench) -> str:
    if len(bench.nodes) > 2:
        bench.cluster.remove_node(bench.nodes.pop(0), allow_graceful=False)
    bench.nodes.append(bench.add_node())
    return ""


def driver_killed(bench: Bench) -> str:
    bench.driver.kill()
    bench.driver.wait()
    bench.start()
    return ""


def head_lost(bench: Bench) -> str:
    before = time.monotonic()
    bench.cluster.remove_node(bench.cluster.head_node, allow_graceful=False)
    code = bench.driver.wait(timeout=180)
    after = time.monotonic() - before
    bench.new_cluster()
    bench.start()
    return f"the command ended with {code} after {after:.0f} s"


FAULTS = (worker_killed, worker_out_of_memory, node_lost, node_joins, driver_killed, head_lost)


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    """Reads what `results.csv` says of each trial, without times."""
    with (folder / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    return {row["trial"]: row for row in kept}


def finished(folder: Path) -> collections.Counter[str]:
    """Counts how often the ledger says that each trial is done."""
    if not (folder / "ledger.jsonl").exists():
        return collections.Counter()
    lines = (folder / "ledger.jsonl").read_text().splitlines()
    records = [json.loads(line.partition(" ")[2]) for line in lines]
    return collections.Counter(one["trial"] for one in records if "outcome" in one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30, help="how long things break")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the faults")
    options = parser.parse_args()
    random.seed(options.seed)
    settings = [
        "--dataset", "digits8", "--hidden-dims", "64", "--latent-dims", "4,8,12",
        "--seeds", str(options.trials // 3), "--epochs", str(options.epochs), "--keep", "best",
    ]  # fmt: skip
    place = Path(tempfile.mkdtemp(prefix="ray-faults-"))
    bench = Bench(place / "broken", settings)
    bench.start()
    ends = time.monotonic() + 60 * options.minutes
    done: dict[str, list[str]] = {}
    pending = list(FAULTS)
    while time.monotonic() < ends:
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = bench.driver.wait(timeout=60)
            if code == 0:
                break
            print(f"the command ended with {code}", flush=True)
            bench.start()
        fault = pending.pop() if pending else random.choice(FAULTS)
        came = fault(bench)
        done.setdefault(fault.__name__.replace("_", " "), []).append(came)
        print(f"{fault.__name__} {came}; {len(finished(bench.folder))} are done", flush=True)
    assert bench.driver.wait() == 0
    bench.cluster.shutdown()
    for name, all_came in done.items():
        print(f"| {name} | {len(all_came)} | {'; '.join(filter(None, all_came))} |")
    times = finished(bench.folder)
    print(f"{len(times)} trials, each finished {set(times.values())} times")
    whole = place / "whole"
    subprocess.run([*COMMAND, *settings, "--out", str(whole), "--quiet"], check=True)
    same = rows_of(bench.folder) == rows_of(whole)
    print(f"results.csv of {place} is {'the same' if same else 'another one'} without faults")
    sys.exit(not (same and set(times.values()) == {1} and len(times) == options.trials))


if __name__ == "__main__":
    main()
