"""The portal's request limits, one row that every process takes from; the arithmetic is handed in."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.store.errors import UnknownPortal
from b24app.store.tables import PORTAL, THROTTLE


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is used up. ``level`` counts requests in the bucket (0: nothing used) at ``updated_at``.

    ``methods`` holds each method's running time in seconds and when it is freed. The values a new portal
    starts with are the documented limits of an ordinary plan; the function handed in may change them.
    """

    level: float = 0.0
    updated_at: float = 0.0
    blocked_until: float = 0.0
    capacity: float = 50.0
    rate_per_s: float = 2.0
    operating_limit_s: float = 480.0
    methods: Mapping[str, tuple[float, float]] = field(default_factory=dict)


Decide = Callable[[Bucket], tuple[Bucket, float]]


async def take(connection: AsyncConnection, portal_id: int, decide: Decide) -> float:
    """Lock the portal's row, apply the function, keep the new bucket and return the wait in seconds.

    Losing the last takes in a power cut is harmless, so the commit does not wait for the disk.
    """
    bucket = await _locked(connection, portal_id)
    if bucket is None:
        await _create(connection, portal_id)
        bucket = await _locked(connection, portal_id)
    if bucket is None:
        raise UnknownPortal(portal_id)
    after, wait_s = decide(bucket)
    if after != bucket:
        await connection.execute(
            update(THROTTLE).where(THROTTLE.c.portal_id == portal_id).values(**_to_columns(after))
        )
    return wait_s


async def _locked(connection: AsyncConnection, portal_id: int) -> Bucket | None:
    found = await connection.execute(
        select(THROTTLE, func.set_config("synchronous_commit", "off", True))
        .where(THROTTLE.c.portal_id == portal_id)
        .with_for_update()
    )
    row = found.mappings().first()
    if row is None:
        return None
    return Bucket(
        level=row["level"],
        updated_at=row["updated_at"],
        blocked_until=row["blocked_until"],
        capacity=row["capacity"],
        rate_per_s=row["rate_per_s"],
        operating_limit_s=row["operating_limit_s"],
        methods={method: (spent, reset) for method, (spent, reset) in row["methods"].items()},
    )


async def _create(connection: AsyncConnection, portal_id: int) -> None:
    """Start the row of a portal that exists; two processes at once make one."""
    columns = _to_columns(Bucket())
    values = [literal(value, THROTTLE.c[name].type).label(name) for name, value in columns.items()]
    source = select(PORTAL.c.portal_id, *values).where(PORTAL.c.portal_id == portal_id)
    await connection.execute(
        insert(THROTTLE).from_select(["portal_id", *columns], source).on_conflict_do_nothing()
    )


def _to_columns(bucket: Bucket) -> dict[str, object]:
    return asdict(bucket)
