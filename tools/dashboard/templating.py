"""Templates that escape whatever they fill in, and how figures and times read in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from agent import __version__
from tools.dashboard.access.guard import form_of
from tools.dashboard.breaking import Breaking
from tools.dashboard.context import Context
from tools.report import wording
from tools.report.breaking import interval_text

NAVIGATION: Final = (
    ("/", "Fleet"),
    ("/failures", "Failures"),
    ("/compare", "Compare"),
    ("/alerts", "Alerts"),
)


def page(
    request: Request,
    template: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """A page made of a template of the folder ``templates``, without its ending."""
    context: Context = request.app.state.context
    text = ENVIRONMENT.get_template(f"{template}.html.j2").render(
        person=request.state.person,
        open_to_all=context.roll is None,
        form=form_of(request),
        here=request.url.path,
        navigation=NAVIGATION,
        version=__version__,
        now_ms=context.now_ms,
        **values,
    )
    return HTMLResponse(text, status, dict(headers or {}))


def ago(at_ms: int | None, now_ms: int) -> str:
    """How long ago, in its fitting unit.

    >>> ago(0, 90_000), ago(0, 7_300_000), ago(None, 0)
    ('90 s ago', '2 h ago', 'never')
    """
    if at_ms is None:
        return "never"
    return "now" if now_ms - at_ms < 1500 else f"{lasted(now_ms - at_ms)} ago"


def lasted(span_ms: float) -> str:
    """A span of time in its fitting unit: ``90 s``, ``5 min``, ``7 h``, ``3 days``."""
    seconds = max(0.0, span_ms / 1000)
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def moment(at_ms: int | None) -> str:
    """A time as UTC, to the minute; a dash for none, or for one beyond the calendar."""
    return "–" if at_ms is None else _utc(at_ms, "%Y-%m-%d %H:%M UTC")


def when(at_ms: int | None, now_ms: int) -> Markup:
    """How long ago, with the time itself for machines and in the title."""
    if at_ms is None:
        return Markup("never")
    element = '<time datetime="{}" title="{}">{}</time>'
    return Markup(element).format(
        _utc(at_ms, "%Y-%m-%dT%H:%M:%SZ"), moment(at_ms), ago(at_ms, now_ms)
    )


def number(value: float, digits: int = 0) -> str:
    """A number with narrow spaces between thousands.

    >>> number(1234567).replace(wording.NARROW, " ")
    '1 234 567'
    """
    return f"{value:,.{digits}f}".replace(",", wording.NARROW)


def break_range(found: Breaking) -> str:
    """Between which severities half is lost, by the 95 % intervals."""
    return interval_text(found.low, found.high, found.strongest.severity)


def query(values: Mapping[str, object], **changes: object) -> str:
    """The query of a link: the given values with changes; what is empty is left out."""
    joined = {**values, **changes}
    kept = {name: value for name, value in joined.items() if value not in ("", None)}
    return f"?{urlencode(kept)}" if kept else "?"


def _utc(at_ms: int, form: str) -> str:
    try:
        return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime(form)
    except (ValueError, OverflowError, OSError):
        return "–"


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("tools.dashboard", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=100,
    )
    filters: dict[str, Callable[..., Any]] = {
        "percent": wording.percent,
        "percent_range": wording.percent_range,
        "severity": wording.severity,
        "readable": wording.readable,
        "moment": moment,
        "number": number,
        "lasted": lasted,
        "zipped": lambda values: [(value, value) for value in values],
        "break_range": break_range,
    }
    made.filters.update(filters)
    made.globals.update(when=when, ago=ago, query=query, count=wording.count)
    return made


ENVIRONMENT: Final = _environment()
