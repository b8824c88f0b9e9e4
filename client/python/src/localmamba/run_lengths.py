"""Masks as COCO's tools exchange them: lengths of runs, compressed to text."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from localmamba.errors import invalid


@dataclasses.dataclass(frozen=True)
class RunLengths:
    """The pixels of a mask, which is scanned down each column, column after column."""

    height: int
    width: int
    counts: str  #: as of pycocotools

    def decode(self) -> npt.NDArray[np.bool_]:
        """The mask, an array of shape (height, width). Raises InvalidArgumentError if the text is
        damaged.
        """
        runs = self.runs()
        values = np.arange(len(runs)) % 2 == 1
        return np.repeat(values, runs).reshape(self.width, self.height).T

    def runs(self) -> npt.NDArray[np.int64]:
        """The lengths of runs of unset and set pixels in turn, unset first; their sum is height *
        width.
        """
        runs = _parse(self.counts)
        if (runs < 0).any() or runs.sum() != self.height * self.width:
            raise invalid(
                "mask",
                f"run lengths of {runs.sum()} pixels",
                f"{self.height} x {self.width} pixels",
            )
        return runs

    def to_coco(self) -> dict[str, list[int] | str]:
        """What pycocotools.mask.decode takes, and result files of COCO hold."""
        return {"size": [self.height, self.width], "counts": self.counts}


def _parse(text: str) -> npt.NDArray[np.int64]:
    """Each number is written in groups of 5 bits from the low end, as characters from '0' on, bit 5
    of which says that more follow; the highest bit of the last group is the sign. From the fourth
    on, what is written is the difference to the last but one.
    """
    groups = np.frombuffer(text.encode(), np.uint8).astype(np.int64) - ord("0")
    last = (groups & 32) == 0  # of its number
    if not len(groups) or (groups < 0).any() or (groups > 63).any() or not last[-1]:
        raise invalid("mask", f"{len(text)} damaged characters", "run lengths of COCO")
    ends = np.flatnonzero(last) + 1
    starts = np.concatenate([[0], ends[:-1]])
    if (ends - starts).max() > 12:
        raise invalid("mask", "a number of more than 60 bits", "run lengths of COCO")
    places = 5 * (np.arange(len(groups)) - np.repeat(starts, ends - starts))
    numbers = np.add.reduceat((groups & 31) << places, starts)
    negative = (groups[ends - 1] & 16) != 0
    numbers -= negative.astype(np.int64) << 5 * (ends - starts)
    # The differences go back two steps: two sums, of the odd numbers from the second on and of the
    # even ones from the third on.
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
