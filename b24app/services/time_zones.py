"""Time zones as browsers name them: hours and days that a person types are meant in his."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

DEFAULT_ZONE: Final = "UTC"


def is_zone(name: str) -> bool:
    """Tell whether it is a name of the IANA database that this machine knows."""
    return _found(name) is not None


def known_zone(name: str) -> str:
    """Return the name, or UTC for one that is unknown here: a browser may be newer, or send nothing."""
    return name if is_zone(name) else DEFAULT_ZONE


def zone_of(name: str) -> tzinfo:
    """Return the zone of a name that was known when it was kept."""
    return _found(name) or UTC


def seconds_by_wall(at: float, zone: tzinfo) -> float:
    """Return what a clock on a wall there shows at this moment, as seconds since its 1 January 1970."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=UTC).timestamp()


def _found(name: str) -> tzinfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown; a path; a folder of the database
        return None
