"""Lost blocks of a broken video stream, concealed by the decoder."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from agent.perturbations import Moment, Motion, Perturbation
from agent.values import Pixels

_BLOCK: Final = 16
_GREY: Final = 128
_LEAST_LOSS: Final = 0.3


class BlockLoss(Perturbation):
    """Macroblocks of 16 px lost in slices, as when packets of a video stream do not arrive.

    A code of variable length cannot be read on after an error until the next marker: from the
    block that is hit all blocks to the right are lost, to the end of the slice (here a row of
    blocks, as MPEG-2 has them and H.264 and MJPEG with restart markers may). The decoder conceals
    them: ``concealed`` neighbour draws on the last good row of pixels above (what is above the
    picture's first row is grey), grey leaves the mid grey that a decoder starts from. Other slices
    are hit each ``lasts_s`` seconds (.5: a usual distance of key frames, at which a stream mends).
    Severity is the part of all blocks that is lost, up to ``share`` (.4; our choice). Coarse
    coding is another kind, compression.
    """

    motion: ClassVar[Motion] = "moving"

    share: float = Field(0.4, gt=0, le=0.6)
    concealed: Literal["neighbour", "grey"] = "neighbour"
    lasts_s: float = Field(0.5, gt=0)

    def apply(self, pixels: Pixels, severity: float, moment: Moment) -> Pixels:
        out = pixels.copy()
        if severity <= 0:
            return out
        for row, column in self.lost(pixels.shape, severity, moment):
            top, left = row * _BLOCK, column * _BLOCK
            bottom = min(top + _BLOCK, out.shape[0])
            if self.concealed == "grey" or top == 0:
                out[top:bottom, left:] = _GREY
            else:
                out[top:bottom, left:] = out[top - 1, left:]
        return out

    def lost(
        self, shape: tuple[int, ...], severity: float, moment: Moment
    ) -> list[tuple[int, int]]:
        """Rows of blocks that are hit, from the top, and the first lost block of each."""
        rows, columns = -(-shape[0] // _BLOCK), -(-shape[1] // _BLOCK)
        chance = moment.generator(f"{self.kind()} {int(moment.time_s // self.lasts_s)}")
        order = chance.permutation(rows).tolist()
        # Each slice can lose the greatest share at least, so that together they always suffice.
        least = max(self.share, _LEAST_LOSS)
        parts = least + (1 - least) * chance.random(rows)
        lengths = np.ceil(parts * columns).astype(int).tolist()
        left = max(round(severity * self.share * rows * columns), 1)
        hit = []
        for row, length in zip(order, lengths, strict=True):
            taken = min(length, left)
            hit.append((row, columns - taken))
            left -= taken
            if left <= 0:
                break
        return sorted(hit)

    def describe(self, severity: float) -> str:
        return f"{100 * severity * self.share:.1f} % of blocks lost"
