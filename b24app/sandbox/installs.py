"""The application in a portal: its card, whether it is installed, and everything it registered.

An update and an uninstall drop the registrations; user fields are data of the CRM and stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from b24app.sandbox.wire import Json


@dataclass(slots=True)
class EventHandler:
    """One ``event.bind``; ``auth_type`` 0 means the tokens of whoever acted."""

    id: int
    event: str
    handler: str
    auth_type: int = 0
    is_offline: bool = False
    connector: str = ""


@dataclass(slots=True)
class Placement:
    """One ``placement.bind``."""

    code: str
    handler: str
    title: str = ""
    description: str = ""
    languages: Mapping[str, Json] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    user_id: int = 0


@dataclass(slots=True)
class Robot:
    """One ``bizproc.robot.add``; ``settings`` holds the parameters as they came."""

    code: str
    handler: str
    settings: dict[str, Json] = field(default_factory=dict)
    is_activity: bool = False


@dataclass(slots=True)
class UserFieldType:
    """One ``userfieldtype.add``."""

    code: str
    handler: str
    title: str = ""
    description: str = ""
    height: int = 0


@dataclass(slots=True)
class Registrations:
    """What the application set up in the portal."""

    events: list[EventHandler] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    robots: dict[str, Robot] = field(default_factory=dict)
    triggers: dict[str, str] = field(default_factory=dict)
    field_types: dict[str, UserFieldType] = field(default_factory=dict)


@dataclass(slots=True)
class AppInstall:
    """A portal's one application. ``installFinish`` sets ``installed``; ``status`` L is a local app."""

    client_id: str
    client_secret: str
    handler_url: str
    installer_url: str = ""
    scopes: tuple[str, ...] = ("crm", "placement", "bizproc", "user_brief", "im", "task", "department")
    version: int = 1
    status: str = "L"
    code: str = "local.b24app"
    id: int = 5
    installed: bool = False
    application_token: str = ""
    registrations: Registrations = field(default_factory=Registrations)
    options: dict[str, Json] = field(default_factory=dict)

    @property
    def scope_text(self) -> str:
        return ",".join(self.scopes)
