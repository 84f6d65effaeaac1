"""What is worked out of a header, remembered for the files that say the same: most of it is alike through a series.

Which elements an answer depends on isn't listed anywhere, where it could be wrong: it is seen, by noting what is asked for while
the answer is worked out. Another file whose values of those elements are the same would lead to the same questions and so to the
same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from medviewer.dicom.element_values import Elements

T = TypeVar("T")
Value = bytes | list[Elements]
MOST_ANSWERS = 8
"""Answers of one kind that are kept: as many series may lie mixed in one folder without being worked out again and again."""


class _Noted(dict[int, Value]):
    """A header's values that note which are asked for."""

    def __init__(self, values: dict[int, Value]) -> None:
        super().__init__(values)
        self.asked: dict[int, None] = {}

    def get(self, tag: int, default: Any = None) -> Any:
        self.asked[tag] = None
        return super().get(tag, default)

    def __getitem__(self, tag: int) -> Value:
        self.asked[tag] = None
        return super().__getitem__(tag)

    def __contains__(self, tag: object) -> bool:
        self.asked[tag] = None  # type: ignore[index]
        return super().__contains__(tag)

    def __iter__(self) -> Iterator[int]:
        raise TypeError("what walks through all elements can't be remembered")

    keys = items = values = __iter__  # type: ignore[assignment]


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    tags: tuple[int, ...]
    values: tuple[Value | None, ...]
    result: object
    bad: frozenset[int]


class Remembered:
    """Answers of the last series, by question; for one thread."""

    def __init__(self) -> None:
        self._answers: dict[Hashable, list[_Answer]] = {}

    def of(self, work: Callable[..., T], elements: Elements, *arguments: Hashable) -> T:
        """``work(elements, *arguments)``, which must look at nothing but its arguments and give an immutable value."""
        question = (work, elements.little, *arguments)
        known = self._answers.get(question)
        if known is None:
            known = self._answers[question] = []
        get = elements.values.get
        for number, answer in enumerate(known):
            if tuple(map(get, answer.tags)) == answer.values:
                if number:
                    known.insert(0, known.pop(number))
                for tag in answer.bad:
                    elements.mark_bad(tag)
                return answer.result  # type: ignore[return-value]
        result, answer = _worked_out(work, elements, arguments)
        known.insert(0, answer)
        del known[MOST_ANSWERS:]
        for tag in answer.bad:
            elements.mark_bad(tag)
        return result


def _worked_out(work: Callable[..., T], elements: Elements, arguments: tuple[Hashable, ...]) -> tuple[T, _Answer]:
    values = _Noted(elements.values)
    watched = Elements(elements.little)
    watched.values = values
    result = work(watched, *arguments)
    tags = tuple(values.asked)
    return result, _Answer(tags, tuple(map(elements.values.get, tags)), result, watched.bad)
