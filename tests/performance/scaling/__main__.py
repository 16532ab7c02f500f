"""`make simulate`: how far the platform goes. With `--measure`, what a job costs is measured first.

Prints the tables in Markdown; with `--write` they go into docs/scaling.md, between its marks.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.performance.scaling.check import calibrate, compare
from tests.performance.scaling.costs import FILE, Measurement
from tests.performance.scaling.growth import by_cores, by_parts
from tests.performance.scaling.tables import whole

DOCUMENT = Path("docs/scaling.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def main() -> None:
    """Measure if asked to, simulate, print."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure costs on a platform started here")
    parser.add_argument("--costs", type=Path, default=FILE, help="where measured costs are kept")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT}")
    arguments = parser.parse_args()
    if arguments.measure:
        from tests.performance.scaling.measure import measure

        measure().save(arguments.costs)
    text = simulated(Measurement.load(arguments.costs))
    print(text)
    if arguments.write:
        write(text)


def simulated(measurement: Measurement) -> str:
    """Return the tables."""
    behaviour = calibrate(measurement)
    return whole(
        measurement,
        behaviour,
        compare(measurement, behaviour),
        by_cores(measurement, behaviour),
        by_parts(measurement, behaviour),
    )


def write(text: str) -> None:
    """Replace what stands between the marks of the document."""
    before, _, rest = DOCUMENT.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


if __name__ == "__main__":
    main()
