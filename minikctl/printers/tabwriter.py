"""Aligned columns to the byte, as Go's text/tabwriter lays them out for kubectl.

Cells are separated by tabs; a cell belongs to a column only when a tab ends it, so the last cell of
a line is never padded. Used by the table printer, custom columns and describe.
"""

from __future__ import annotations

from collections.abc import Sequence

MIN_WIDTH = 6
PADDING = 3


def align_rows(rows: Sequence[Sequence[str]], min_width: int, padding: int, remembered: list[int] | None = None) -> str:
    """Lay out rows of cells. `remembered` holds the widths of earlier calls: columns only grow, and it is updated."""
    if not rows:
        return ""
    count = len(rows[0])
    for row in rows:
        if len(row) != count:
            return _align_ragged(rows, min_width, padding, remembered)
    if count == 1:
        return "".join([row[0] + "\n" for row in rows])
    widths = []
    for index in range(count - 1):
        width = max([len(row[index]) for row in rows]) + padding
        width = width if width > min_width else min_width
        widths.append(width if remembered is None else _remember(remembered, index, width))
    template = "".join([f"%-{width}s" for width in widths]) + "%s\n"
    return "".join([template % tuple(row) for row in rows])


def align(text: str, min_width: int = MIN_WIDTH, padding: int = PADDING) -> str:
    """Lay out lines whose cells are separated by tabs."""
    ending = "" if text.endswith("\n") else "\n"
    lines = (text + ending).split("\n")
    del lines[-1]
    out = align_rows([line.split("\t") for line in lines], min_width, padding)
    return out[:-1] if ending else out


def _remember(remembered: list[int], column: int, width: int) -> int:
    if column == len(remembered):
        remembered.append(width)
    elif remembered[column] > width:
        return remembered[column]
    else:
        remembered[column] = width
    return width


def _align_ragged(rows: Sequence[Sequence[str]], min_width: int, padding: int, remembered: list[int] | None) -> str:
    """Rows of different length: a column is a run of consecutive lines that all have a cell there."""
    out: list[str] = []
    widths: list[int] = []

    def write(start: int, end: int) -> None:
        for row in rows[start:end]:
            out.append("".join([cell.ljust(widths[i]) if i < len(widths) else cell for i, cell in enumerate(row)]))
            out.append("\n")

    def lay_out(start: int, end: int) -> None:
        column = len(widths)
        index = start
        while index < end:
            if column >= len(rows[index]) - 1:
                index += 1
                continue
            write(start, index)
            start = index
            width = min_width
            while index < end and column < len(rows[index]) - 1:
                width = max(width, len(rows[index][column]) + padding)
                index += 1
            widths.append(width if remembered is None else _remember(remembered, column, width))
            lay_out(start, index)
            widths.pop()
            start = index
        write(start, end)

    lay_out(0, len(rows))
    return "".join(out)
