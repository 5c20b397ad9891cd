"""A synthetic drive towards a stop sign, with exact truth on every frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from agent.cameras import RecordedCamera, Selection
from agent.cameras._drive_by.ground import Ground
from agent.cameras._drive_by.parameters import DriveByParameters
from agent.cameras._drive_by.pinhole import Pinhole, Placed, place
from agent.cameras._drive_by.scenery import Scenery
from agent.cameras._drive_by.sensor import Sensor
from agent.cameras._drive_by.sign import draw_sign
from agent.cameras._drive_by.sky import draw_sky
from agent.cameras._spec import parse_options
from agent.values import Frame, Pixels, TrueObject, Truth, derived_seed

LABEL = "stop sign"


class DriveBy(RecordedCamera):
    """Approaches a 76.2 cm stop sign at constant speed on a straight road.

    Truth: the box tight around the visible part of the octagon, the quad of its square hull
    (not clipped), the distance in metres along the road, one track per pass. A frame is a pure
    function of the parameters and its index. ``clip`` is ``pass-0`` and so on; ``tags`` holds
    ``weather``, ``light`` and ``yaw``. ``open`` takes ``distance=60,speed=13.9,seed=3`` and
    raises ``UsageError`` for what is unknown.
    """

    labels = (LABEL,)

    def __init__(
        self, parameters: DriveByParameters | None = None, limit: int | None = None
    ) -> None:
        super().__init__()
        self.parameters = parameters or DriveByParameters()
        whole = self.parameters.frames_per_pass * self.parameters.passes
        self._count = whole if limit is None else min(whole, limit)

    @classmethod
    def open(cls, text: str, selection: Selection) -> DriveBy:
        return cls(parse_options("drive_by", text, DriveByParameters), selection.limit)

    def __len__(self) -> int:
        return self._count

    def read(self, index: int) -> Frame:
        if not 0 <= index < len(self):
            raise IndexError(index)
        number, frame = divmod(index, self.parameters.frames_per_pass)
        drive = self.parameters.of_pass(number)
        sign = place(drive, Pinhole.of(drive), drive.depth(frame))
        clip = f"pass-{number}"
        return Frame(
            _stage(drive).picture(sign, frame),
            index,
            clip,
            self.kind,
            frame / drive.fps,
            tags={
                "weather": drive.weather,
                "light": f"{drive.light:.2f}",
                "yaw": f"{drive.yaw:.1f}",
            },
            truth=_truth(drive, sign, f"{clip} sign"),
        )


def _truth(drive: DriveByParameters, sign: Placed, track: str) -> Truth:
    box = sign.box(drive.width, drive.height)
    if not drive.sign or box is None:
        return Truth()
    return Truth((TrueObject(LABEL, box, sign.quad, sign.depth, track),))


class _Stage:
    """All layers of one pass, drawn once; what moves is drawn for each picture."""

    def __init__(self, drive: DriveByParameters) -> None:
        self._drive, self._camera = drive, Pinhole.of(drive)
        self._sky = draw_sky(drive, _chance(drive, "sky"))
        self._ground = Ground(drive, _chance(drive, "ground"))
        self._scenery = Scenery(drive, _chance(drive, "scenery"))
        self._sensor = Sensor(drive, _chance(drive, "sensor"))

    def picture(self, sign: Placed, frame: int) -> Pixels:
        """The pixels of one frame of the pass."""
        light = np.concatenate([self._sky, self._ground.draw(sign.depth)])
        self._scenery.draw(light, sign.depth)
        if self._drive.sign:
            draw_sign(light, self._drive, self._camera, sign)
        return self._sensor.expose(light, frame)


@lru_cache(maxsize=2)
def _stage(drive: DriveByParameters) -> _Stage:
    return _Stage(drive)


def _chance(drive: DriveByParameters, part: str) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(derived_seed(drive.seed, "drive_by", part)))
