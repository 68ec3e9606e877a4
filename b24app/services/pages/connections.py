"""What the page of connections shows: keys of programs that ask, and addresses that are told."""

from dataclasses import dataclass, field

from b24app.services.card.shown import Person
from b24app.services.mistake import Mistake


@dataclass(frozen=True, slots=True)
class ShownKey:
    """One API key: whatever can be told of it after it was made."""

    id: int
    name: str
    created_by: Person
    created_at: float
    last_used_at: float | None  # coarse: within the hour; None: never


@dataclass(frozen=True, slots=True)
class ShownKeys:
    """The portal's API keys, and what became of the form that makes one."""

    known: tuple[ShownKey, ...]
    created: str = field(default="", repr=False)  # the new key's text, shown this once
    typed: str = ""
    mistake: Mistake | None = None


@dataclass(frozen=True, slots=True)
class ShownResult:
    """How an attempt ended: ok, http, gone, unreachable, time_out or inner_address; and the answer's status."""

    code: str
    status: str = ""

    @property
    def is_good(self) -> bool:
        return self.code == "ok"


@dataclass(frozen=True, slots=True)
class ShownWebhook:
    """One webhook. ``address`` is without its query, which may hold a token."""

    id: int
    address: str
    kinds: tuple[str, ...]
    created_by: Person
    created_at: float
    is_gone: bool
    tried_at: float | None
    result: ShownResult | None
    waiting: int
    given_up: int
    secret: str = field(default="", repr=False)  # a new one, shown this once
    tested: bool = False  # the result is of a test asked for just now


@dataclass(frozen=True, slots=True)
class ShownWebhooks:
    """The portal's webhooks, and what became of the form that makes one."""

    known: tuple[ShownWebhook, ...]
    all_kinds: tuple[str, ...]
    typed_url: str = field(default="", repr=False)
    typed_kinds: tuple[str, ...] = ()
    mistake: Mistake | None = None


@dataclass(frozen=True, slots=True)
class Connections:
    """The page; for administrators only."""

    page_token: str
    api_keys: ShownKeys
    webhooks: ShownWebhooks
