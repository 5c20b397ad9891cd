"""The colour of light sources, and what a camera balanced for daylight makes of it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

DAYLIGHT_K: Final = 6504.0
"""D65, which sRGB pictures are balanced for."""

_TO_XYZ: Final = np.array(  # IEC 61966-2-1: linear sRGB to XYZ
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
_BRADFORD: Final = np.array(  # cone responses of Lam (1985), as ICC and CIECAM97s use them
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


def chromaticity(kelvin: float) -> tuple[float, float]:
    """CIE 1931 (x, y) of a light source of a correlated colour temperature, 1667..25000 K.

    A black body up to 4000 K, CIE daylight from 5000 K, mixed between, as in CIE 224:2017.
    """
    share = min(max((kelvin - 4000) / 1000, 0.0), 1.0)
    body, day = _black_body(kelvin), _daylight(max(kelvin, 4000.0))
    return tuple(b + share * (d - b) for b, d in zip(body, day, strict=True))  # type: ignore[return-value]


def adaptation(kelvin: float) -> NDArray[np.float64]:
    """Linear sRGB (3, 3) of things under a light source, for a camera left at D65.

    Bradford's cone responses scale as the source's do, at equal luminance of white.
    """
    source, reference = (_BRADFORD @ _white(one) for one in (kelvin, DAYLIGHT_K))
    cones = np.linalg.inv(_BRADFORD) @ np.diag(source / reference) @ _BRADFORD
    return np.asarray(np.linalg.inv(_TO_XYZ) @ cones @ _TO_XYZ)


def _white(kelvin: float) -> NDArray[np.float64]:
    x, y = chromaticity(kelvin)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _daylight(kelvin: float) -> tuple[float, float]:
    """CIE 15: the daylight locus, 4000..25000 K."""
    k = 1000 / kelvin
    if kelvin <= 7000:
        x = 0.244063 + 0.09911 * k + 2.9678 * k**2 - 4.6070 * k**3
    else:
        x = 0.237040 + 0.24748 * k + 1.9018 * k**2 - 2.0064 * k**3
    return x, -3.0 * x**2 + 2.870 * x - 0.275


def _black_body(kelvin: float) -> tuple[float, float]:
    """The Planckian locus by the cubics of Kim et al. (2002), 1667..25000 K."""
    k = 1000 / kelvin
    if kelvin <= 4000:
        x = -0.2661239 * k**3 - 0.2343589 * k**2 + 0.8776956 * k + 0.179910
    else:
        x = -3.0258469 * k**3 + 2.1070379 * k**2 + 0.2226347 * k + 0.240390
    if kelvin <= 2222:
        return x, -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    if kelvin <= 4000:
        return x, -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    return x, 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
