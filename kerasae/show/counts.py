"""Numbers of things, in words."""


def counted(number: int, thing: str) -> str:
    """Writes a number and what it is of, in the plural where it is not 1.

    Args:
        number: How many.
        thing: The singular of a noun with a regular plural.

    Example:

    >>> counted(1, "epoch"), counted(2000, "image")
    ('1 epoch', '2,000 images')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Writes a time in minutes and seconds, from an hour on in hours.

    Example:

    >>> duration(7.4), duration(151), duration(3723)
    ('0:07', '2:31', '1:02:03')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """Writes a number of bytes in the unit that suits it.

    Example:

    >>> size(999), size(12_345_678), size(2_500_000_000)
    ('1 kB', '12 MB', '2.5 GB')
    """
    for unit, bytes_in, form in (("GB", 1e9, ".1f"), ("MB", 1e6, ".0f")):
        if count >= bytes_in:
            return f"{count / bytes_in:{form}} {unit}"
    return f"{count / 1e3:.0f} kB"
