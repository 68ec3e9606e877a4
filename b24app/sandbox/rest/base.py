"""What every REST method is given and gives back, and the checks that stand before each.

A method is a row: name, handler, parameters, scope, and what it says to callers without app context or admin rights.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from b24app.sandbox.installs import AppInstall
from b24app.sandbox.portal import SandboxPortal
from b24app.sandbox.refusals import Refusal, insufficient_scope, plain, unknown_parameter
from b24app.sandbox.users import User
from b24app.sandbox.wire import Json, Params, as_int, as_map, as_text

EVERYWHERE = frozenset({"auth", "auth_connector"})


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: a user, through an application (``app``) or a webhook (None). ``label`` names it in counters."""

    user: User
    app: AppInstall | None
    scopes: frozenset[str]
    label: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method; parameter names are already the documented ones."""

    portal: SandboxPortal
    caller: Caller
    params: Mapping[str, Json]

    @property
    def user(self) -> User:
        return self.caller.user

    @property
    def app(self) -> AppInstall:
        """Return the calling application; only methods that require app context may ask."""
        if self.caller.app is None:
            raise Refusal("WRONG_AUTH_TYPE", "Application context required", 403)
        return self.caller.app

    @property
    def is_app_made(self) -> bool:
        return self.caller.app is not None

    def text(self, name: str) -> str:
        return as_text(self.params.get(name)).strip()

    def number(self, name: str) -> int:
        return as_int(self.params.get(name))

    def array(self, name: str) -> Mapping[str, Json]:
        """Return a parameter that must be an array if it is there at all."""
        found = as_map(self.params.get(name))
        if found is None and self.params.get(name) not in (None, ""):
            raise plain(f"Parameter '{name}' must be array.")
        return found or {}

    def record_id(self, name: str = "id") -> int:
        """Return a record's id, or refuse as the classic methods do."""
        value = self.number(name)
        if value <= 0:
            raise plain("ID is not defined or invalid.")
        return value


@dataclass(frozen=True, slots=True)
class Answer:
    """A result with what stands beside it; ``total`` and ``next`` are left out when None."""

    result: Json
    total: int | None = None
    next: int | None = None


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table of methods; ``aliases`` are documented other names of its parameters."""

    name: str
    handler: Handler
    params: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    without_app: Refusal | None = None
    without_admin: Refusal | None = None
    is_exact: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)

    def admits(self, caller: Caller) -> None:
        """Refuse a caller that lacks scope, app context or admin rights."""
        if self.scopes and not caller.scopes.intersection(self.scopes):
            raise insufficient_scope()
        if self.without_app is not None and caller.app is None:
            raise _again(self.without_app)
        if self.without_admin is not None and not caller.user.admin:
            raise _again(self.without_admin)

    def named(self, params: Mapping[str, Json], ignored: frozenset[str] = frozenset()) -> Params:
        """Return the parameters under their documented names; an unknown one is the sandbox's own error.

        The portal takes several spellings (filter, FILTER, arFilter) of most methods; newer ones only the exact.
        """
        known = {name if self.is_exact else _folded(name): name for name in self.params}
        named: Params = {}
        for given, value in params.items():
            if given in ignored or (given in EVERYWHERE and given not in self.params):
                continue
            name = self._documented(given, known)
            if name is None:
                raise unknown_parameter(self.name, given)
            named[name] = value
        return named

    def _documented(self, given: str, known: Mapping[str, str]) -> str | None:
        if given in self.aliases:
            return self.aliases[given]
        if self.is_exact:
            return known.get(given)
        folded = _folded(given)
        return known.get(folded) or known.get(folded.removeprefix("ar"))


def _folded(name: str) -> str:
    return name.lower().replace("_", "")


def _again(refusal: Refusal) -> Refusal:
    return Refusal(refusal.code, refusal.text, refusal.status, **refusal.more)
