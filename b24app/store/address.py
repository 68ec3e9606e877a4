"""One database address, spelled as each of our drivers wants it."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

_ASYNCPG = "postgresql+asyncpg"
_LIBPQ = "postgresql"
_REFUSAL = "the database must be PostgreSQL: postgresql://…"  # without the address: it may hold a password


def asyncpg_url(url: str) -> URL:
    """Return the address for SQLAlchemy and asyncpg; raises ValueError when it is no PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ValueError(_REFUSAL) from error
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError(_REFUSAL)
    return _renamed(parsed.set(drivername=_ASYNCPG), "sslmode", "ssl")


def libpq_dsn(url: str) -> str:
    """Return the address for libpq (psycopg, and so procrastinate), its password included."""
    parsed = _renamed(asyncpg_url(url).set(drivername=_LIBPQ), "ssl", "sslmode")
    return parsed.render_as_string(hide_password=False)


def _renamed(url: URL, old: str, new: str) -> URL:
    if old not in url.query:
        return url
    return url.difference_update_query([old]).update_query_dict({new: url.query[old]})
