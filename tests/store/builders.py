"""Valid portals, records and tokens; a test names only what differs."""

from dataclasses import replace

from b24app.dedupe.grade import Grade
from b24app.dedupe.keys import KeyKind, MatchKey
from b24app.dedupe.outcome import Status
from b24app.dedupe.record import RecordRef, RecordType, Stage
from b24app.store.database import Store
from b24app.store.index import IndexedRecord
from b24app.store.outcomes import StoredOutcome
from b24app.store.portals import Portal, PortalStatus, StoredTokens
from b24app.store.robot_calls import KeptCall

NOON = 1_750_000_000.0


def a_lead(number: int) -> RecordRef:
    return RecordRef(RecordType.LEAD, number)


def a_contact(number: int) -> RecordRef:
    return RecordRef(RecordType.CONTACT, number)


def a_company(number: int) -> RecordRef:
    return RecordRef(RecordType.COMPANY, number)


def a_phone(number: int) -> MatchKey:
    return MatchKey(KeyKind.PHONE, number)


def an_email(number: int) -> MatchKey:
    return MatchKey(KeyKind.EMAIL, number)


def an_outcome(ref: RecordRef, *matches: RecordRef, **changed: object) -> StoredOutcome:
    return replace(
        StoredOutcome(
            ref=ref,
            status=Status.DUPLICATE if matches else Status.NONE,
            matches=matches,
            best=matches[0] if matches else None,
            grade=Grade.EXACT if matches else None,
            shared=None,
            partners=(),
            group=str(min(ref, *matches)) if matches else "",
            version=1,
            written_hash=None,
        ),
        **changed,  # type: ignore[arg-type]
    )


def some_tokens(name: str = "first", expires_at: float = NOON + 3600) -> StoredTokens:
    return StoredTokens(f"access-{name}", f"refresh-{name}", expires_at)


def a_record(
    ref: RecordRef,
    *keys: MatchKey,
    fingerprint: int = 1,
    responsible_id: int | None = 7,
    stage: Stage = Stage.NONE,
    links: tuple[RecordRef, ...] = (),
    read_at: float = NOON,
) -> IndexedRecord:
    return IndexedRecord(
        ref=ref,
        keys=frozenset(keys),
        fingerprint=fingerprint,
        responsible_id=responsible_id,
        stage=stage,
        links=links,
        created_at=NOON - 1000,
        modified_at=NOON - 500,
        read_at=read_at,
    )


async def a_portal(
    store: Store,
    member_id: str = "acme",
    *,
    status: PortalStatus = PortalStatus.ACTIVE,
    application_token: str | None = "proof",
    tokens: StoredTokens | None = None,
) -> Portal:
    async with store.begin_shared() as shared:
        return await shared.portals.install(
            member_id,
            f"https://{member_id}.bitrix24.ru",
            tokens or some_tokens(),
            application_token=application_token,
            admin_user_id=1,
            scopes=frozenset({"crm", "placement"}),
            language="ru",
            status=status,
        )


def a_robot_call(number: int, **different: object) -> KeptCall:
    call = KeptCall(
        digest=str(number).encode(),
        token=f"token {number}",
        robot="find_duplicates",
        document_type="lead",
        document_id=number,
        inputs={"types": ["lead"]},
        mistake=None,
        is_awaited=True,
        received_at=NOON + number,
        deadline=NOON + 60,
    )
    return replace(call, **different)  # type: ignore[arg-type]
