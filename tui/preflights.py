"""What a preflight found out, as lines: the verdict first. Pure."""

from collections.abc import Sequence

from core.model.preflight import Finding, PreflightReport, Readiness
from tui.paragraphs import LABEL, Line, field, paragraph
from tui.words import Tone, listed, plural

MARKS = {Readiness.READY: "", Readiness.NOTES: "~", Readiness.UNKNOWN: "?", Readiness.CANNOT: "x"}
_TONES = {
    Readiness.READY: Tone.PLAIN,
    Readiness.NOTES: Tone.WARN,
    Readiness.UNKNOWN: Tone.ASK,
    Readiness.CANNOT: Tone.STRONG,
}
_MARK = 3


def named(report: PreflightReport) -> str:
    """Return the name of a device with its address."""
    return report.address if report.name == report.address else f"{report.name} ({report.address})"


def report_lines(reports: Sequence[PreflightReport], width: int) -> list[Line]:
    """Return all reports, worst first; of several how many come to what, before."""
    order = tuple(Readiness)
    lines: list[Line] = []
    if len(reports) > 1:
        words = [report.readiness for report in reports]
        told = listed(f"{words.count(word)} {word}" for word in Readiness if word in words)
        lines += paragraph(f"{plural(len(reports), 'device')}: {told}", width, Tone.STRONG, 1)
    for report in sorted(reports, key=lambda report: -order.index(report.readiness)):
        lines += [*([()] if len(reports) > 1 else []), *_report(report, width)]
    return lines


def _report(report: PreflightReport, width: int) -> list[Line]:
    mark, tone = MARKS[report.readiness] or "=", _TONES[report.readiness]
    head = Tone.STRONG if tone is Tone.PLAIN else tone
    first, *rest = paragraph(f"{named(report)}: {report.readiness}", width - 1, head, _MARK)
    return [
        ((f" {mark:<2}", head), *first[1:]),
        *rest,
        *(line for finding in report.findings for line in _finding(finding, width)),
    ]


def _finding(finding: Finding, width: int) -> list[Line]:
    mark, tone = MARKS[finding.weight], _TONES[finding.weight]
    told = field(finding.label, finding.text, width - _MARK - 1, tone)
    marks = [f" {mark:<2}", *[" " * _MARK] * (len(told) - 1)]
    lines: list[Line] = [((mark, tone), *line) for mark, line in zip(marks, told, strict=True)]
    return [*lines, *(paragraph(finding.hint, width - 1, Tone.QUIET, _MARK + LABEL) if finding.hint else [])]
