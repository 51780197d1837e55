"""Connecting to Ray: a cluster's, or one that is started here for the time being."""

import contextlib
import dataclasses
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from kerasae.environment import cores, environment
from kerasae.errors import ClusterLost, InvalidSetting, KerasAEError
from kerasae.files.interrupts import install_handlers_again
from kerasae.files.private_tmpdir import shared_tmpdir

_CONNECT = 5.0
# Seconds without an answer after which the head counts as lost; Ray itself would end this
# process after a minute.
_LOST_AFTER = 10.0
_WITHOUT_NODES = 60.0
_VERSIONS_WITHIN = 120.0
_SHUTDOWN_WITHIN = 10.0
_INSTRUCTIONS = "instructions"
_COMPARED = ("python", "keras", "tensorflow", "kerasae")


@dataclasses.dataclass
class RayCluster:
    """A cluster that this process is connected to.

    Args:
        head: `host:port` of its head.
    """

    head: str
    _answered: float = dataclasses.field(default_factory=time.monotonic)
    _had_nodes: float = dataclasses.field(default_factory=time.monotonic)
    lost: bool = False

    def check(self) -> None:
        """Checks that the head still answers and that there are nodes to work.

        Raises:
            ClusterLost: If it has not answered for seconds, or no node has had a CPU for a
                minute.
        """
        while _refusal(self.head) is not None:
            if time.monotonic() - self._answered > _LOST_AFTER:
                self.lost = True
                raise ClusterLost(f"the Ray head at {self.head} does not answer any more")
            time.sleep(1)
        self._answered = time.monotonic()
        if self.slots(0) > 0:
            self._had_nodes = time.monotonic()
        elif time.monotonic() - self._had_nodes > _WITHOUT_NODES:
            raise ClusterLost(f"the Ray cluster at {self.head} has no node with a CPU any more")

    def slots(self, gpus_per_trial: float) -> int:
        """Returns how many trials the cluster has room for at once."""
        import ray

        resources = ray.cluster_resources()
        slots = int(resources.get("CPU", 0))
        if gpus_per_trial:
            slots = min(slots, int(resources.get("GPU", 0) / gpus_per_trial))
        return slots


@contextlib.contextmanager
def connected(head: str | None, jobs: int | None) -> Iterator[RayCluster]:
    """Connects to a cluster, or starts Ray on this machine, bound to 127.0.0.1.

    Args:
        head: `host:port` of the cluster's head; `None` starts Ray.
        jobs: CPUs of the Ray that is started here; `None` for all cores.

    Raises:
        KerasAEError: If Ray does not start, or cannot use the cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if head is None:
        # Or Ray would take the address of a network interface for that of this machine.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        _keep_others_out()
        options |= {"num_cpus": jobs or cores(), "include_dashboard": False}
        options["_node_ip_address"] = "127.0.0.1"
    # It reads the environment once, at its import.
    import ray

    try:
        ray.init(head or "local", **options)
    # Among others for other versions of Python or Ray than the cluster's.
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise KerasAEError(f"Ray cannot be used at {head or 'this machine'}: {reason}") from error
    install_handlers_again()
    cluster = RayCluster(ray.get_runtime_context().gcs_address)
    try:
        yield cluster
    finally:
        _shut_down(cluster)


def _keep_others_out() -> None:
    """Gives the Ray that is started here a secret, which its processes inherit.

    Ray asks for one by itself, which it would write into the home folder, for every user of the
    machine to read. It stays for the life of this process, since Ray reads it only once.
    """
    if "RAY_AUTH_MODE" not in os.environ:
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def check_versions(cluster: RayCluster) -> None:
    """Compares the versions and instruction set of every node with those of this process.

    Raises:
        KerasAEError: If a node has others, or does not tell.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    expected = _versions()
    asking = ray.remote(num_cpus=0, max_retries=0)(_versions)
    answers = {}
    for node in ray.nodes():
        if node["Alive"]:
            number = node["NodeID"]
            there = NodeAffinitySchedulingStrategy(number, soft=False)
            name = f"Ray node {node['NodeManagerAddress']} ({number[:8]})"
            answers[name] = asking.options(scheduling_strategy=there).remote()
    for name, answer in answers.items():
        try:
            versions = ray.get(answer, timeout=_VERSIONS_WITHIN)
        except ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise KerasAEError(
                f"{name} cannot run kerasae ({reason}); install the same version there"
            ) from error
        for package, version in expected.items():
            if versions[package] != version:
                cure = "install the same versions"
                if package == _INSTRUCTIONS:
                    cure = "take nodes with processors of one kind"
                raise KerasAEError(
                    f"{name} has {package} {versions[package]}, this process {version}; results "
                    f"would differ: {cure}"
                )


def _versions() -> dict[str, str | None]:
    here = environment()
    compared = {package: here["versions"][package] for package in _COMPARED}
    return {**compared, _INSTRUCTIONS: here[_INSTRUCTIONS]}


def find_head(address: str) -> str:
    """Finds the head and makes sure that it answers, which Ray would wait for in vain.

    Args:
        address: `host:port`, or `auto` for the cluster that this machine is part of.

    Returns:
        The head's `host:port`.

    Raises:
        InvalidSetting: If there is none, or nothing answers there.
    """
    head = address
    if address == "auto":
        recorded = shared_tmpdir() / "ray" / "ray_current_cluster"
        head = os.environ.get("RAY_ADDRESS", "")
        if not head and recorded.is_file():
            head = recorded.read_text(encoding="utf-8").strip()
        if not head:
            raise InvalidSetting("ray_address", address, "a running cluster; this machine has none")
    refusal = _refusal(head)
    if refusal is not None:
        raise InvalidSetting("ray_address", head, f"host:port of a Ray head; {refusal}")
    return head


def _refusal(address: str) -> str | None:
    """Tries to connect; says why that failed, or nothing."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        return "this is not of that form"
    try:
        socket.create_connection((host, int(port)), _CONNECT).close()
    except (OSError, OverflowError) as error:
        return f"nothing answers there ({getattr(error, 'strerror', None) or error})"
    return None


def _shut_down(cluster: RayCluster) -> None:
    """Disconnects and stops what was started here; not for long where nobody answers."""
    import ray

    if not cluster.lost:
        ray.shutdown()
        return
    thread = threading.Thread(target=ray.shutdown, daemon=True)
    thread.start()
    thread.join(_SHUTDOWN_WITHIN)
