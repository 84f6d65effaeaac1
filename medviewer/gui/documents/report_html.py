"""A structured report as HTML to read: plain functions, all text escaped, nothing loaded from anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html import escape

from medviewer.core.codes import Code
from medviewer.dicom.objects.content_values import Quantity, Reference
from medviewer.dicom.objects.sr_content import ContentItem, Report, Verification
from medviewer.gui.documents.class_names import class_name
from medviewer.gui.documents.report_style import Ink, Style, coloured, lines_html, table
from medviewer.gui.documents.report_words import date_time, readable_value, shape_words, unit_words
from medviewer.gui.viewports.corner_text import dicom_date, dicom_time, person_name

MANY_ITEMS, MANY_ALIKE = 300, 3


def report_html(report: Report, style: Style) -> str:
    """The whole page."""
    ink = style.ink
    title = escape(report.title or class_name(report.sop_class_uid) or "Report")
    parts = [
        f"<html><body style='color:{ink.text}'><h1 style='font-size:20px'>{title}</h1>",
        _status(report, ink),
        table([(label, escape(value)) for label, value in _facts(report)], ink),
        f"<p style='margin-top:10px;margin-bottom:8px;font-size:1px;background-color:{ink.line}'>&nbsp;</p>",
        *_Writer(report.root, style).below(report.root, 1),
    ]
    if not report.root.children:
        parts.append(f"<p style='color:{ink.warn}'>The report has no content.</p>")
    return "".join([*parts, "</body></html>"])


def closed_at_first(report: Report) -> frozenset[str]:
    """In a long report, containers of which there are many alike side by side: readers open the one they want."""
    items = list(report.root.walk())
    if len(items) <= MANY_ITEMS:
        return frozenset()
    closed = set()
    for item in items:
        containers = [child for child in item.children if child.value_type == "CONTAINER"]
        alike = Counter(child.concept for child in containers)
        closed |= {child.position for child in containers if alike[child.concept] > MANY_ALIKE}
    return frozenset(closed)


def _status(report: Report, ink: Ink) -> str:
    said = []
    if report.completion:
        good = report.completion == "COMPLETE"
        words = {"COMPLETE": "Complete", "PARTIAL": "Partial"}.get(report.completion, report.completion)
        said.append(coloured(words, ink.good if good else ink.warn))
    if report.completion_text:
        said.append(escape(report.completion_text))
    if report.preliminary == "PRELIMINARY":
        said.append(coloured("Preliminary", ink.warn))
    if report.verification == "VERIFIED":
        said.append(coloured(f"Verified by {_verifiers(report.verified_by)}", ink.good))
    elif report.verification:
        said.append(coloured("Not verified", ink.warn))
    return f"<p style='margin-bottom:10px'>{' &nbsp;·&nbsp; '.join(said)}</p>" if said else ""


def _verifiers(who: tuple[Verification, ...]) -> str:
    one = (", ".join(part for part in (person_name(v.name), v.organisation, date_time(v.when)) if part) for v in who)
    return "; ".join(words for words in one if words) or "somebody the report doesn't name"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    born = f"born {dicom_date(report.patient_birth_date)}" if report.patient_birth_date else ""
    patient = ", ".join(
        part for part in (person_name(report.patient_name), f"ID {report.patient_id}" if report.patient_id else "", born) if part
    )
    when = " ".join(part for part in (dicom_date(report.date), dicom_time(report.time)) if part)
    predecessors = f"{report.predecessors} earlier document{'s' if report.predecessors != 1 else ''}" if report.predecessors else ""
    rows = (
        ("Patient", patient),
        ("Study", report.study_description),
        ("Written", when),
        ("Made with", report.manufacturer),
        ("Institution", report.institution),
        ("Replaces or continues", predecessors),
    )
    return ((label, value) for label, value in rows if value)


class _Writer:
    """Writes items; knows which of them others refer to."""

    def __init__(self, root: ContentItem, style: Style) -> None:
        self._style, self._ink = style, style.ink
        self._names = {item.position: _name(item) for item in root.walk()}
        self._targets = {item.target for item in root.walk() if item.target}

    def below(self, item: ContentItem, level: int) -> Iterator[str]:
        """What lies in a container: rows of a table for values, headings for containers; flowing text where it says so."""
        rows: list[tuple[str, str]] = []
        if level > 1 and _flows(item):
            yield self._flowing(item)
            return
        for child in item.children:
            if child.value_type != "CONTAINER":
                rows.append((self._label(child), self._value(child)))
                continue
            if rows:
                yield table(rows, self._ink)
                rows = []
            yield from self._container(child, level)
        if rows:
            yield table(rows, self._ink)

    def _container(self, item: ContentItem, level: int) -> Iterator[str]:
        closed = item.position in self._style.closed
        size = max(17 - level, 13)
        name = escape(_name(item) or "Section") + self._code(item.concept)
        count = sum(1 for _ in item.walk()) - 1
        more = f" <span style='color:{self._ink.dim};font-weight:400'>({count})</span>" if closed else ""
        mark = f"<a href='item:{item.position}' style='color:{self._ink.dim};text-decoration:none'>{'▸' if closed else '▾'}</a> "
        anchor = self._anchor(item)
        yield (
            f"<p style='margin-top:14px;margin-bottom:4px;font-size:{size}px;font-weight:600'>"
            f"{anchor}{mark if self._style.links else ''}{name}{more}</p>"
        )
        if closed:
            return
        yield "<div style='margin-left:16px'>"
        yield from self.below(item, level + 1)
        yield "</div>"

    def _flowing(self, item: ContentItem) -> str:
        words = []
        for child in item.children:
            said = self._bare(child)
            extra = ", ".join(self._bare(each) for each in child.children)
            words.append(f"{said} ({extra})" if extra else said)
        return f"<p>{' '.join(words)}</p>"

    def _label(self, item: ContentItem) -> str:
        return self._anchor(item) + escape(_name(item) or _KINDS.get(item.value_type, "")) + self._code(item.concept)

    def _value(self, item: ContentItem) -> str:
        lines = [self._bare(item)]
        lines += self._modifiers(item, 0)
        return "".join(f"<div>{line}</div>" if n == 0 else line for n, line in enumerate(lines))

    def _modifiers(self, item: ContentItem, depth: int) -> Iterator[str]:
        for child in item.children:
            relation = _RELATIONS.get(child.relationship, child.relationship.lower())
            name = escape(_name(child))
            words = f"{relation} {name}: " if name else f"{relation}: "
            anchor = self._anchor(child)
            yield (
                f"<div style='margin-left:{12 + 16 * depth}px;color:{self._ink.soft}'>{anchor}"
                f"<span style='color:{self._ink.dim}'>{words}</span>{self._bare(child)}</div>"
            )
            yield from self._modifiers(child, depth + 1)

    def _bare(self, item: ContentItem) -> str:
        """The value alone."""
        said = [self._said(item)]
        if item.observed and item.value_type != "CONTAINER":
            said.append(coloured(f"observed {date_time(item.observed)}", self._ink.dim))
        if item.problem:
            said.append(coloured(item.problem, self._ink.bad))
        return " ".join(part for part in said if part)

    def _said(self, item: ContentItem) -> str:
        if item.target:
            name = self._names.get(item.target)
            words = escape(name or f"item {item.target}")
            leads = name is not None and self._style.links
            return f"<a href='#i{item.target}' style='color:{self._ink.link}'>{words}</a>" if leads else words
        if item.quantity is not None:
            return self._number(item.quantity)
        if item.code is not None:
            return escape(item.code.meaning or item.code.value) + self._code(item.code)
        if item.coordinates is not None:
            return escape(shape_words(item.coordinates))
        if item.references:
            return "<br>".join(self._reference(reference) for reference in item.references)
        return lines_html(readable_value(item))

    def _number(self, quantity: Quantity) -> str:
        why = f" {escape(quantity.qualifier.meaning)}{self._code(quantity.qualifier)}" if quantity.qualifier is not None else ""
        if not quantity.value:
            return coloured("no value", self._ink.dim) + (f":{why}" if why else "")
        unit = unit_words(quantity.unit)
        return f"<b>{escape(quantity.value)}</b>{' ' + escape(unit) if unit else ''}{self._code(quantity.unit)}{why}"

    def _reference(self, reference: Reference) -> str:
        kind = class_name(reference.sop_class_uid) or "Object"
        if reference.channels:
            kind += ", channels " + ", ".join(f"{group}/{channel}" for group, channel in reference.channels)
        if reference.segments:
            kind += ", segments " + ", ".join(str(n) for n in reference.segments)
        if reference.presentation_uid:
            kind += ", with a presentation state"
        frames = reference.frames or (1,)
        return ", ".join(
            self._link(reference.sop_instance_uid, frame, f"{kind}, frame {frame}" if reference.frames else kind) for frame in frames[:50]
        ) + (f" … ({len(frames)} frames)" if len(frames) > 50 else "")

    def _link(self, uid: str, frame: int, words: str) -> str:
        if not uid:
            return coloured("no object is named", self._ink.dim)
        place = self._style.where(uid, frame)
        if place is None:
            return f"{escape(words)} {coloured('not open', self._ink.dim)}"
        said = f" {coloured(place, self._ink.dim)}" if place else ""
        if not self._style.links:
            return escape(words) + said
        target = f"image:{escape(uid)}/{frame}"
        shown = f"<img src='{target}' height='96'><br>" if self._style.pictures else ""
        return f"<a href='{target}' style='color:{self._ink.link}'>{shown}{escape(words)}</a>{said}"

    def _anchor(self, item: ContentItem) -> str:
        return f"<a name='i{item.position}'></a>" if item.position in self._targets else ""

    def _code(self, code: Code | None) -> str:
        if not self._style.codes or code is None:
            return ""
        return f" <span style='color:{self._ink.dim};font-size:11px'>({escape(code.value)}, {escape(code.scheme)})</span>"


_KINDS = {"TEXT": "Text", "NUM": "Number", "IMAGE": "Image", "COMPOSITE": "Object", "WAVEFORM": "Waveform", "SCOORD": "Region"}
_RELATIONS = {
    "CONTAINS": "contains",
    "HAS PROPERTIES": "with",
    "HAS CONCEPT MOD": "qualified by",
    "HAS OBS CONTEXT": "context",
    "HAS ACQ CONTEXT": "acquired with",
    "INFERRED FROM": "inferred from",
    "SELECTED FROM": "selected from",
}


def _flows(item: ContentItem) -> bool:
    """Whether items read as one sentence. Many writers call everything continuous, so only what is mostly text does."""
    values = [child for child in item.children if child.value_type != "CONTAINER"]
    texts = [child for child in values if child.value_type == "TEXT"]
    plain = all(child.relationship == "CONTAINS" and child.value_type in ("TEXT", "NUM", "CODE", "PNAME", "DATE") for child in values)
    return item.continuous and plain and not item.template and 2 * len(texts) > len(values) and len(values) == len(item.children)


def _name(item: ContentItem) -> str:
    return (item.concept.meaning or item.concept.value) if item.concept is not None else ""
