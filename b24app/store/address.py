"""One database address, spelled as each of our drivers wants it."""

from sqlalchemy.engine import URL, make_url

_ASYNCPG = "postgresql+asyncpg"
_LIBPQ = "postgresql"


def asyncpg_url(url: str) -> URL:
    """Return the address for SQLAlchemy and asyncpg; raises ValueError when it is no PostgreSQL."""
    parsed = make_url(url)
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ValueError("the database must be PostgreSQL: postgresql://…")
    return _renamed(parsed.set(drivername=_ASYNCPG), "sslmode", "ssl")


def libpq_dsn(url: str) -> str:
    """Return the address for libpq (psycopg, and so procrastinate), its password included."""
    parsed = _renamed(asyncpg_url(url).set(drivername=_LIBPQ), "ssl", "sslmode")
    return parsed.render_as_string(hide_password=False)


def _renamed(url: URL, old: str, new: str) -> URL:
    if old not in url.query:
        return url
    return url.difference_update_query([old]).update_query_dict({new: url.query[old]})
