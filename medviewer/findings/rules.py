"""From what a model measured to findings a person can decide on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from medviewer.core.codes import PROBABILITY, VOLUME, VOLUME_RATIO, Code
from medviewer.core.finding import Confidence, ConfidenceKind, Finding, Location, Measurement
from medviewer.core.segmentation import Algorithm, Heatmap, Segmentation
from medviewer.findings.intervals import Interval, Widths, overlap, printed_ml, with_interval
from medviewer.findings.looked import Looked, where_looked
from medviewer.models.finding_rules import AsymmetryRule, FindingRule, NormRule, ScoreRule, VolumeRule, named_fields
from medviewer.models.manifest_entries import VolumeCalibration


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the rules look at."""

    segmentation: Segmentation
    volumes_ml: Mapping[int, float]
    confidence: Mapping[int, float]
    scores: Mapping[str, float]
    heatmap: Heatmap | None
    calibrated: bool
    widths: Widths

    def volume(self, segments: Sequence[int]) -> float:
        return sum(self.volumes_ml.get(value, 0.0) for value in segments)

    def measured(self, segments: Sequence[int]) -> Measurement:
        """The volume of segments together with what is known of how far it may be off."""
        volume = self.volume(segments)
        return Measurement(VOLUME, round(volume, 2), "mL", _rounded(self.widths.around(segments, volume)))

    def sureness(self, segments: Sequence[int]) -> Confidence:
        """The mean confidence of the segments, weighted by volume; never calibrated today."""
        weights = [self.volumes_ml.get(value, 0.0) for value in segments]
        known = [(self.confidence[v], w) for v, w in zip(segments, weights, strict=True) if v in self.confidence and w > 0]
        if not known:
            return Confidence()
        total = sum(w for _, w in known)
        return Confidence(round(sum(c * w for c, w in known) / total, 3), ConfidenceKind.RAW)

    def where(self, segments: Sequence[int], structure: str, side: str | None) -> Location:
        """The slice that shows most of the segments, and the voxel of them nearest to their centre there."""
        mask_counts = _count_by_slice(self.segmentation.labels, segments)
        if not mask_counts.any():
            return Location(structure, side)
        k = int(mask_counts.argmax())
        rows, columns = np.nonzero(np.isin(self.segmentation.labels[k], list(segments)))
        nearest = int(np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2))
        x, y, z = self.segmentation.geometry.to_lps([[columns[nearest], rows[nearest], k]])[0]
        return Location(structure, side, None, k, (round(float(x), 2), round(float(y), 2), round(float(z), 2)))


def _count_by_slice(labels: np.ndarray, segments: Sequence[int]) -> np.ndarray:
    """Voxels of the segments in each slice, ``(k,)`` int64, one slice at a time to save memory."""
    lookup = np.zeros(int(np.iinfo(labels.dtype).max) + 1, bool)
    lookup[list(segments)] = True
    return np.array([np.count_nonzero(lookup[plane]) for plane in labels], np.int64)


def propose(
    rules: Sequence[FindingRule],
    segmentation: Segmentation,
    volumes_ml: Mapping[int, float],
    confidence: Mapping[int, float],
    algorithm: Algorithm,
    run: str,
    *,
    scores: Mapping[str, float] | None = None,
    heatmap: Heatmap | None = None,
    calibrated: bool = False,
    volume_errors: Sequence[VolumeCalibration] = (),
) -> tuple[Finding, ...]:
    """Apply a model's rules to its answer. A structure that isn't there gives no finding of its volume.

    scores : 0..1 by class. heatmap : where the model looked, or None where there is none or it is known to mean nothing;
    without it no score is given a place. calibrated : whether scores may be read as probabilities.
    volume_errors : how far volumes may be off; the entry for the images' largest spacing gives volumes their interval.
    Raises ``ValueError`` for a class that has no score.
    """
    widths = Widths(tuple(volume_errors), max(segmentation.geometry.spacing_ijk))
    evidence = _Evidence(segmentation, volumes_ml, confidence, scores or {}, heatmap, calibrated, widths)
    findings = (_apply(rule, evidence) for rule in rules)
    return tuple(replace(finding, algorithm=algorithm, run=run) for finding in findings if finding is not None)


def _apply(rule: FindingRule, evidence: _Evidence) -> Finding | None:
    match rule:
        case VolumeRule():
            return _volume(rule, evidence)
        case AsymmetryRule():
            return _asymmetry(rule, evidence)
        case NormRule():
            return _norm(rule, evidence)
        case ScoreRule():
            return _score(rule, evidence)


def _volume(rule: VolumeRule, evidence: _Evidence) -> Finding | None:
    volume = evidence.volume(rule.segments)
    if volume <= 0:
        return None
    return Finding(
        id=rule.id,
        code=Code.parse(rule.code, rule.meaning),
        text=_filled(rule.text, "value", evidence, rule.segments),
        location=evidence.where(rule.segments, rule.structure, rule.side),
        measurements=(evidence.measured(rule.segments),),
        confidence=evidence.sureness(rule.segments),
        segments=rule.segments,
    )


def _asymmetry(rule: AsymmetryRule, evidence: _Evidence) -> Finding | None:
    left, right = evidence.volume(rule.left), evidence.volume(rule.right)
    if left <= 0 or right <= 0:
        return None
    percent = 100 * abs(left - right) / max(left, right)
    large, doubtful = percent > rule.notable_percent, _within_error(evidence, rule)
    words = rule.notable_text if large and not doubtful else rule.text
    text = words.format(value=f"{percent:.0f}", smaller="left" if left < right else "right")
    if large and doubtful:
        text += "; no more than the model's volumes may be off"
    segments = (*rule.left, *rule.right)
    return Finding(
        id=rule.id,
        code=Code.parse(rule.code, rule.meaning),
        text=text,
        location=evidence.where(segments, rule.structure, "both"),
        measurements=(Measurement(VOLUME_RATIO, round(percent, 1), "%"),),
        confidence=evidence.sureness(segments),
        segments=segments,
        notable=large and not doubtful,
    )


def _norm(rule: NormRule, evidence: _Evidence) -> Finding | None:
    volume, whole = evidence.volume(rule.segments), evidence.volume(rule.of)
    if volume <= 0 or whole <= 0:
        return None
    percent = 100 * volume / whole
    words = rule.notable_text if percent > rule.upper_percent else rule.text
    text = _filled(words, "volume", evidence, rule.segments, value=f"{percent:.1f}", limit=f"{rule.upper_percent:g}")
    return Finding(
        id=rule.id,
        code=Code.parse(rule.code, rule.meaning),
        text=f"{text} ({rule.source}; {rule.population})",
        location=evidence.where(rule.segments, rule.structure, "both"),
        measurements=(evidence.measured(rule.segments), Measurement(VOLUME_RATIO, round(percent, 2), "%")),
        confidence=evidence.sureness(rule.segments),
        segments=rule.segments,
        notable=percent > rule.upper_percent,
    )


def _within_error(evidence: _Evidence, rule: AsymmetryRule) -> bool:
    """Whether the sides' intervals overlap, so that they may be equal; False where nothing is known of either."""
    left, right = (evidence.widths.around(side, evidence.volume(side)) for side in (rule.left, rule.right))
    return left is not None and right is not None and overlap(left, right)


def _filled(template: str, field: str, evidence: _Evidence, segments: Sequence[int], **others: str) -> str:
    """A text with the volume of segments in place of ``field``, its interval behind it where there is one."""
    volume = evidence.volume(segments)
    value, interval = printed_ml(volume, evidence.widths.around(segments, volume))
    words = with_interval(template, field) if interval else template
    return words.format(**{field: value, "interval": interval}, **others)


def _rounded(interval: Interval | None) -> Interval | None:
    return None if interval is None else (round(interval[0], 2), round(interval[1], 2))


def _score(rule: ScoreRule, evidence: _Evidence) -> Finding:
    missing = sorted({rule.class_name, *rule.sub_scores} - set(evidence.scores))
    if missing:
        raise ValueError(f"the model gave no score for {', '.join(missing)}, which its finding {rule.id} needs")
    score = evidence.scores[rule.class_name]
    present = score >= rule.threshold
    looked = where_looked(evidence.heatmap, evidence.segmentation) if present and evidence.heatmap is not None else None
    place = looked or Looked()
    return Finding(
        id=rule.id,
        code=Code.parse(rule.code, rule.meaning),
        text=_score_words(rule, evidence, score, looked),
        location=Location(rule.structure, place.side, place.zone, 0, None, place.sites, point_px=place.point_px, region_px=place.region_px),
        measurements=(Measurement(PROBABILITY, round(100 * score, 1), "%"),) if evidence.calibrated else (),
        confidence=Confidence(round(score, 4), ConfidenceKind.CALIBRATED if evidence.calibrated else ConfidenceKind.RAW),
        present=present,
        notable=present,
    )


def _score_words(rule: ScoreRule, evidence: _Evidence, score: float, looked: Looked | None) -> str:
    fields = {
        "value": _between_bounds(score, 0.01, 2),
        "percent": _between_bounds(100 * score, 1, 0, 100),
        "scores": ", ".join(f"{name} {_between_bounds(evidence.scores[name], 0.01, 2)}" for name in rule.sub_scores),
        "side": looked.side if looked is not None else None,
        "zone": looked.zone if looked is not None else None,
        "where": looked.sentence(rule.structure) if looked is not None else "",
    }
    words = rule.text
    if score >= rule.threshold:
        unknown = {name for name, value in fields.items() if value is None}
        unplaced = named_fields(rule.notable_text) & unknown
        words = (rule.unplaced_text or "") if unplaced else rule.notable_text
    return " ".join(words.format(**fields).split())


def _between_bounds(number: float, least: float, digits: int, whole: float = 1) -> str:
    """A probability is never printed as none or all: below ``least`` and above all but ``least`` only that is said."""
    if number < least:
        return f"<{least:.{digits}f}"
    return f">{whole - least:.{digits}f}" if number > whole - least else f"{number:.{digits}f}"
