"""Which format the data at a path is in, for ``--data PATH``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from agent.cameras import Camera, Selection, family
from agent.cameras._decode import is_picture
from agent.cameras._labelled import missing
from agent.errors import DataError

_WEAKEST: Final = "class_folders"  # any folder of folders looks like it; annotations say more


def open_data(
    path: Path | str,
    *,
    data_labels: Path | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Camera:
    """The recorded data at ``path``; ``kind:PATH`` names the format where it must be said.

    What exists is data first; ``drive_by:speed=10`` and other kinds can be given likewise.
    Raises ``DataError``: no such path, an empty folder, no labels, several formats at once.
    """
    selection = Selection(data_labels, limit, seed)
    kind, _, rest = str(path).partition(":")
    if not Path(path).exists() and kind in family.kinds():
        return family.load(kind).open(rest, selection)
    path = Path(path)
    return family.load(_format(path)).open(str(path), selection)


def _format(path: Path) -> str:
    if not path.exists():
        raise missing(path)
    claims = {kind: sign for kind in family.kinds() if (sign := family.load(kind).claims(path))}
    if len(claims) > 1:
        claims.pop(_WEAKEST, None)
    if len(claims) == 1:
        return next(iter(claims))
    if not claims:
        raise _unclaimed(path)
    signs = "; ".join(f"{sign} ({kind})" for kind, sign in claims.items())
    raise DataError(
        f"{path} could be read in {len(claims)} ways: {signs}.",
        remedy=f"Say which, such as {next(iter(claims))}:{path}",
    )


def _unclaimed(path: Path) -> DataError:
    known = (
        "Known are class folders, a CSV beside images (columns file and label), VOC XML, "
        "YOLO txt, COCO json, a video file and a single image."
    )
    if path.is_file():
        return DataError(f"{path} is no picture, video or labels file that is known.", remedy=known)
    if not any(path.iterdir()):
        return DataError(f"The folder {path} is empty.", remedy="Check the path.")
    if any(is_picture(file) for file in path.rglob("*")):
        return DataError(
            f"There are pictures in {path}, but no labels.",
            remedy=f"{known} For pictures without labels say folder:{path}",
        )
    return DataError(f"There is no picture in {path}.", remedy=known)
