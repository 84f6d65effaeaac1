"""Names of SOP classes."""

from __future__ import annotations


def class_name(uid: str) -> str:
    """``Basic Text SR`` for the UID of its SOP class; empty when it isn't known."""
    from pydicom.uid import UID

    if not uid:
        return ""
    name = UID(uid, validation_mode=0).name
    return "" if name == uid else name.removesuffix(" Storage")
