"""Chooses how trials are run, by name."""

from kerasae.environment import cores
from kerasae.errors import InvalidSetting
from kerasae.trials.executors import ProcessExecutor, SerialExecutor, check_workers
from kerasae.trials.jobs import Executor
from kerasae.trials.ray.executor import RayExecutor

EXECUTORS = ("processes", "serial", "ray")


def make_executor(
    name: str, jobs: int | None, *, ray_address: str | None = None, gpus_per_trial: float = 0.0
) -> Executor:
    """Makes an executor by its name.

    Args:
        name: `processes`, `serial` or `ray`.
        jobs: Trials at once, at least 1; `None` is one per core, of this machine or of the
            cluster.
        ray_address: Address of a running Ray cluster, `host:port` or `auto`; `None` starts Ray
            on this machine.
        gpus_per_trial: GPUs that Ray gives each trial, at least 0; may be a fraction.

    Raises:
        InvalidSetting: If there is none of that name, or a setting does not belong to it.

    Example:

    >>> make_executor("threads", 1)
    Traceback (most recent call last):
        ...
    kerasae.errors.InvalidSetting: executor: received 'threads'; expected one of processes, \
serial, ray
    """
    if name not in EXECUTORS:
        raise InvalidSetting("executor", name, "one of " + ", ".join(EXECUTORS))
    check_workers(jobs)
    if name == "ray":
        return RayExecutor(jobs, ray_address, gpus_per_trial)
    for setting, value in (("ray_address", ray_address), ("gpus_per_trial", gpus_per_trial)):
        if value:
            raise InvalidSetting(setting, value, f"nothing with executor {name}")
    if name == "serial":
        return SerialExecutor()
    return ProcessExecutor(cores() if jobs is None else jobs)
