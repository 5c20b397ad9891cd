"""Trials as a device makes them, as many as are wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from agent.assembly import Examiner
from agent.cameras import Selection
from agent.cameras._open import open_camera
from agent.record import TrialRecord, trial_record

_CARD: Final = Path(__file__).parent.parent / "demo" / "model" / "stop_sign.toml"
_DRIVE: Final = "drive_by:width=320,height=240,fps=5,passes=1"
_SESSION: Final = "0123456789abcdef0123456789abcdef"


class Trials:
    """An endless sequence: the trials of one drive, then the same on later frames."""

    def __init__(self, made: Sequence[TrialRecord], frames: int) -> None:
        self._made, self._frames = made, frames

    @classmethod
    def of_a_drive(cls, show: Callable[[int, int], None] = lambda done, of: None) -> Trials:
        """Examine the bundled model on a drawn drive."""
        made: list[TrialRecord] = []
        with open_camera(_DRIVE, Selection()) as camera:
            session, _ = Examiner(_CARD, "demo", checked=True).open(camera.labels)
            for number, frame in enumerate(camera.frames()):
                for inference in session.examine(frame).inferences:
                    made += [trial_record(trial, _SESSION) for trial in inference.trials]
                show(number + 1, len(camera))
            return cls(made, len(camera))

    def __len__(self) -> int:
        return len(self._made)

    def __getitem__(self, number: int) -> TrialRecord:
        again, place = divmod(number, len(self._made))
        trial = self._made[place]
        return trial.model_copy(update={"frame": trial.frame + again * self._frames})
