"""What a result is the result of, and whether what was begun may go on with it."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypedDict

from msgspec import Meta

from kerasae.errors import ArtifactError
from kerasae.experiment import Experiment, NotNegative, as_recorded

# Raise it with every change of the code that changes a trial's numbers: what older code has
# finished or begun is then never mixed with what the new code does.
RESULTS_VERSION = 4
Whole = Annotated[int, Meta(ge=0, le=2**62)]
_NOTHING = "nothing"


class RecordedIdentity(TypedDict):
    """What `Identity.to_dict` gives, as files hold it; settings may be of another version."""

    experiment: dict[str, bool | Whole | NotNegative | str | list[Whole] | None]
    data_md5: list[str]
    code: Whole


@dataclasses.dataclass(frozen=True)
class Identity:
    """Everything that a trial's result depends on, besides the machine and the packages.

    Args:
        experiment: The complete settings.
        data_md5: Checksums of the data set; see `ImageData.checksums`.
        code: Version of the code, as far as results depend on it.

    Example:

    >>> here, there = (Identity(Experiment(l1=l1), ("0f",)) for l1 in (0.1, 0.0))
    >>> [str(one) for one in differences(there.flat(), here.flat())]
    ['l1: 0.0 there, 0.1 here']
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

    def flat(self) -> dict[str, Any]:
        """Returns all of it as `to_dict` does, the settings beside the rest."""
        return flat(self.to_dict())


@dataclasses.dataclass(frozen=True)
class Difference:
    """A value that is another one in a folder than it is here.

    Args:
        name: What it is the value of.
        there: The recorded value; `nothing` where none is.
        here: The value asked for; `nothing` where none is.

    Example:

    >>> str(Difference("l1", 0.0, 0.1)), Difference("epochs", 5, 9).grows
    ('l1: 0.0 there, 0.1 here', True)
    """

    name: str
    there: Any
    here: Any

    def __str__(self) -> str:
        return f"{self.name}: {self.there} there, {self.here} here"

    @property
    def grows(self) -> bool:
        """Whether it is a larger number here, or a list that holds all that is there."""
        if isinstance(self.there, list) and isinstance(self.here, list):
            return all(value in self.here for value in self.there)
        numbers = isinstance(self.there, int | float) and isinstance(self.here, int | float)
        return numbers and self.here > self.there


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[Difference]:
    """Returns where two mappings differ, in the order of their keys.

    Example:

    >>> [str(one) for one in differences({"a": 1, "b": 2}, {"a": 1, "c": 3})]
    ['b: 2 there, nothing here', 'c: nothing there, 3 here']
    """
    return [
        Difference(key, there.get(key, _NOTHING), here.get(key, _NOTHING))
        for key in dict.fromkeys((*there, *here))
        if (key in there) != (key in here) or there.get(key) != here.get(key)
    ]


def check_same(
    place: object, there: Mapping[str, Any], here: Mapping[str, Any], grows: Collection[str] = ()
) -> None:
    """Answers whether what was begun somewhere may go on with these settings.

    Args:
        place: The folder or file, and what of it, for the message.
        there: What it was begun with, by name; see `flat`.
        here: The same of what is to go on.
        grows: Names whose values may be larger here, or lists that hold more.

    Raises:
        ArtifactError: If anything else differs; the message names each difference.

    Example:

    >>> check_same("run", {"epochs": 5}, {"epochs": 9}, grows=["epochs"])
    >>> check_same("run", {"epochs": 5}, {"epochs": 4}, grows=["epochs"])
    Traceback (most recent call last):
        ...
    kerasae.errors.ArtifactError: run: was begun with something else (epochs: 5 there, 4 here); \
resume with the same settings, data and version, or choose another (--out)
    """
    changed = [d for d in differences(there, here) if not (d.name in grows and d.grows)]
    if changed:
        raise ArtifactError(
            f"{place}: was begun with something else ({'; '.join(map(str, changed))}); resume "
            f"with the same settings, data and version, or choose another (--out)"
        )


def flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what `Identity.to_dict` gave, the settings beside the rest.

    A setting that is missing was not there yet, and means what it did then.
    """
    rest = {key: value for key, value in identity.items() if key != "experiment"}
    return {**as_recorded(identity.get("experiment", {})), **rest}
