"""What a result is the result of: settings, data and code, and a hash of all three."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kerasae.experiment import Experiment

# Raise it with every change of the code that changes a trial's numbers: what older code has
# finished or begun is then never mixed with what the new code does.
RESULTS_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Identity:
    """Everything that a trial's result depends on, besides the machine and the packages.

    Args:
        experiment: The complete settings.
        data_md5: Checksums of the data set; see `ImageData.checksums`.
        code: Version of the code, as far as results depend on it.

    Example:

    >>> here = Identity(Experiment(l1=0.1), ("0f",))
    >>> here.differences(Identity(Experiment(), ("0f",)).to_dict())
    ['l1: 0.0 there, 0.1 here']
    >>> here.digest() == Identity(Experiment(l1=0.1), ("0f",)).digest()
    True
    """

    experiment: Experiment
    data_md5: tuple[str, ...]
    code: int = RESULTS_VERSION

    def to_dict(self) -> dict[str, Any]:
        """Returns all of it as plain JSON values."""
        return {
            "experiment": self.experiment.to_dict(),
            "data_md5": list(self.data_md5),
            "code": self.code,
        }

    def digest(self) -> str:
        """Returns a SHA-256 of all of it, in hexadecimal digits."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, other: Mapping[str, Any]) -> list[str]:
        """Says in words where a recorded identity differs from this one.

        Args:
            other: What `to_dict` gave when it was recorded.

        Returns:
            One text per difference, such as `l1: 0.0 there, 0.1 here`; empty if there is none.
        """
        return differences(_flat(other), _flat(self.to_dict()))


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """Says in words which values of two mappings differ, in the order of their keys.

    Example:

    >>> differences({"a": 1, "b": 2}, {"a": 1, "c": 3})
    ['b: 2 there, nothing here', 'c: nothing there, 3 here']
    """
    return [
        f"{key}: {there.get(key, 'nothing')} there, {here.get(key, 'nothing')} here"
        for key in dict.fromkeys((*there, *here))
        if (key in there) != (key in here) or there.get(key) != here.get(key)
    ]


def _flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    rest = {key: value for key, value in identity.items() if key != "experiment"}
    return {**identity.get("experiment", {}), **rest}
