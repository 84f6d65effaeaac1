"""Arrays that two processes see: files mapped into memory, made and deleted by the parent.

The space of such a file is reserved beforehand, so that a full folder is an error here and not a crash at the first
write. ``multiprocessing.shared_memory`` isn't used: until Python 3.13 the process that merely attaches deletes the memory
when it ends (python/cpython#82300).
"""

from __future__ import annotations

import math
import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from medviewer.core.errors import ModelFailed
from medviewer.core.scratch import scratch_folders
from medviewer.inference.messages import ArrayRef, DTypeName


class SharedArray:
    """An array made for another process; deleted by ``close`` or at the end of ``with``.

    ``array`` must not be used afterwards.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        name: DTypeName = np.dtype(dtype).name  # type: ignore[assignment]  # ArrayRef refuses others below
        size = max(math.prod(shape) * np.dtype(dtype).itemsize, 1)
        self._path = _reserve(size)
        try:
            self.ref = ArrayRef(name=str(self._path), shape=shape, dtype=name)
            self.array: NDArray[np.generic] = attach(self.ref)
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise

    @classmethod
    def holding(cls, values: NDArray[np.generic]) -> Self:
        """A shared copy of an array, in native byte order."""
        shared = cls(values.shape, values.dtype.newbyteorder("="))
        shared.array[...] = values
        return shared

    def close(self) -> None:
        """Delete the file and let go of the mapping."""
        self.array = np.empty(0, np.uint8)
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def attach(ref: ArrayRef) -> NDArray[np.generic]:
    """The array another process made; raises ``ValueError`` when the file isn't of the size the reference says."""
    dtype = np.dtype(ref.dtype)
    size = max(math.prod(ref.shape) * dtype.itemsize, 1)
    if Path(ref.name).stat().st_size != size:
        raise ValueError(f"the shared array has another size than {ref.shape} {ref.dtype} takes")
    if math.prod(ref.shape) == 0:
        return np.empty(ref.shape, dtype)
    return np.memmap(ref.name, dtype=dtype, mode="r+", shape=ref.shape)


def _reserve(size: int) -> Path:
    for folder in scratch_folders(size):
        handle, name = tempfile.mkstemp(prefix="medviewer-", suffix=".voxels", dir=folder)
        path = Path(name)
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(handle, 0, size)
            os.truncate(handle, size)
        except OSError:
            path.unlink(missing_ok=True)
            continue
        finally:
            os.close(handle)
        return path
    raise ModelFailed(
        f"There is no room to hand {size / 1e6:.0f} MB to the model, neither in memory nor in {tempfile.gettempdir()}.", "memory"
    )
