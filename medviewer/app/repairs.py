"""Which stacks of a session are shown repaired, and the way back."""

from __future__ import annotations

from dataclasses import replace

from medviewer.app.repair import Repair, resampled_stack, split_stack
from medviewer.core.study import Scan, Stack, Study

Key = tuple[str, int]


class Repairs:
    """What the reader decided about stacks that make no regular volume. Nothing of it is kept beyond the session."""

    def __init__(self) -> None:
        self._resampled: set[Key] = set()
        self._split: dict[Key, Stack] = {}

    def is_resampled(self, key: Key) -> bool:
        """Whether a stack is shown interpolated onto a regular grid."""
        return key in self._resampled

    def is_part(self, key: Key) -> bool:
        """Whether a stack is an evenly spaced part of one that was split."""
        return key in self._split

    def shown(self, stack: Stack) -> Stack:
        """The stack as it is to be shown."""
        return resampled_stack(stack) if stack.key in self._resampled and not stack.makes_volume else stack

    def apply(self, scan: Scan, stack: Stack, how: Repair) -> Scan:
        """Remember the repair; returns the scan, with the parts in place of a stack that is split."""
        if how is Repair.RESAMPLE:
            self._resampled.add(stack.key)
            return scan
        taken = [other.number for other in scan.stacks() if other.series_uid == stack.series_uid]
        parts = split_stack(stack, max(taken) + 1)
        self._split.update({part.key: stack for part in parts})
        return _replaced(scan, {stack.key}, stack.key, parts)

    def undo(self, scan: Scan, stack: Stack) -> Scan:
        """Forget the repair of a stack, first that it is resampled, then that it is a part; returns the scan."""
        if stack.key in self._resampled:
            self._resampled.discard(stack.key)
            return scan
        whole = self._split.get(stack.key)
        if whole is None:
            return scan
        parts = {key for key, other in self._split.items() if other is whole}
        for key in parts:
            del self._split[key]
            self._resampled.discard(key)
        return _replaced(scan, parts, min(parts), (whole,))


def _replaced(scan: Scan, gone: set[Key], place: Key, new: tuple[Stack, ...]) -> Scan:
    """The scan with ``new`` where the stack ``place`` was, and without those that are gone."""

    def study(old: Study) -> Study:
        stacks: list[Stack] = []
        for stack in old.stacks:
            if stack.key == place:
                stacks += new
            if stack.key not in gone:
                stacks.append(stack)
        return replace(old, stacks=tuple(stacks))

    patients = tuple(replace(patient, studies=tuple(study(old) for old in patient.studies)) for patient in scan.patients)
    return replace(scan, patients=patients)
