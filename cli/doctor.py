"""`kerasae doctor`."""

from . import options as o
from .output import print_result


def doctor(data_dir: o.DataDir = None, as_json: o.AsJson = False) -> None:
    """Show versions, devices and the data sets found."""
    from kerasae.doctor_report import doctor_report
    from kerasae.show.table import Column, Table

    report = doctor_report(data_dir)
    rows = [
        ["" if number else name, part, str(text)]
        for name, value in report.items()
        for number, (part, text) in enumerate(
            value.items() if isinstance(value, dict) else [("", value)]
        )
    ]
    print_result(as_json, report, [Table("", [Column("")] * 3, rows)])
