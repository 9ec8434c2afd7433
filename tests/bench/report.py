"""What a bench prints."""

from collections.abc import Iterator, Sequence

from tests.bench.rounds import Row


def table(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """Give the lines of a table, whose first row is the base of the ratios."""
    width = max(len(row.name) for row in rows)
    yield title
    yield f"  {'':{width}}  CPU ms/leaf  x base (extremes)   seconds  leaves/s  sends"
    for row in rows:
        ratio = f"{row.ratio:6.2f} ({row.least:.2f}-{row.most:.2f})"
        yield f"  {row.name:{width}}  {row.cpu:11.3f}  {ratio:18}  {row.wall:8.2f}  {row.speed:8,.0f}  {row.sends}"
    yield ""
