"""How long epochs that are still to come will take, by those that are over."""


class TimeLeft:
    """Estimates the time that is left of something that goes on in epochs.

    It takes the mean over all of them, however long each takes and however many at once there are.

    Args:
        now: When they begin, in seconds.

    Example:

    >>> time_left = TimeLeft(now=100.0)
    >>> time_left.of(epochs=4, now=105.0)
    >>> time_left.epoch_done(now=140.0)
    >>> time_left.of(epochs=3, now=150.0)
    110.0
    """

    def __init__(self, now: float) -> None:
        self._began = self._last = now
        self._done = 0

    def epoch_done(self, now: float) -> None:
        """Takes the end of an epoch into account."""
        self._done += 1
        self._last = now

    def of(self, epochs: int, now: float) -> float | None:
        """Returns the seconds that so many more epochs take; `None` before the first is over."""
        if not self._done:
            return None
        taken = (self._last - self._began) / self._done
        return max(0.0, epochs * taken - (now - self._last))
