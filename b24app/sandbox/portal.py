"""One Bitrix24 portal in memory: its people, its CRM, its application, and what it tells it.

How a method answers stands in ``rest``; how bytes arrive, in ``server``. Nothing here knows the app under
test.
"""

from collections.abc import Iterable, Mapping
from secrets import token_hex

import httpx

from b24app.clock import Clock
from b24app.sandbox.automation import Automation
from b24app.sandbox.bell import Bell
from b24app.sandbox.crm import Crm, Fields
from b24app.sandbox.diary import Diary, Happening
from b24app.sandbox.events import EventDelivery, OutgoingCall
from b24app.sandbox.faults import Faults
from b24app.sandbox.fields import SPECS
from b24app.sandbox.frames import FramePost, frame_post
from b24app.sandbox.installs import AppInstall, EventHandler, Registrations
from b24app.sandbox.limits import OperatingTime, RequestBucket, SandboxLimits
from b24app.sandbox.notices import auth_base, auth_block, event_form
from b24app.sandbox.oauth import ACCESS_LIFE_S, SandboxOAuth
from b24app.sandbox.offline import OfflineQueue
from b24app.sandbox.quirks import Plan, Quirks
from b24app.sandbox.records import Record
from b24app.sandbox.seeding import Seed, load_seed
from b24app.sandbox.tasks import TaskBook
from b24app.sandbox.timeline import Timeline
from b24app.sandbox.traffic import Traffic
from b24app.sandbox.users import User, UserBook
from b24app.sandbox.wire import Json, as_text
from b24app.sandbox.workflows import RobotStep, Workflows


class NotInstalled(Exception):
    """The application has nothing to show: it is not finished, and this user may not finish it."""


class SandboxPortal:
    """A portal. ``domain`` is host, or host:port off the usual ports; it may change (``rename``)."""

    def __init__(
        self,
        *,
        member_id: str,
        domain: str,
        scheme: str,
        clock: Clock,
        oauth: SandboxOAuth,
        limits: SandboxLimits | None = None,
        users: Iterable[User] = (),
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.member_id = member_id
        self.domain = domain
        self.scheme = scheme
        self.clock = clock
        self.oauth = oauth
        self.limits = limits or SandboxLimits()
        self.old_domains: set[str] = set()
        self.users = UserBook(users)
        self.crm = Crm()
        self.app: AppInstall | None = None
        self.events = EventDelivery(clock, transport=transport)
        self.offline = OfflineQueue()
        self.workflows = Workflows()
        self.automation = Automation(self, self.workflows)
        self.faults = Faults()
        self.traffic = Traffic()
        self.quirks = Quirks()
        self.plan = Plan()
        self.bucket = RequestBucket(self.limits)
        self.operating = OperatingTime(self.limits)
        self.webhooks: dict[tuple[int, str], tuple[str, ...]] = {}
        self.timeline = Timeline()
        self.tasks = TaskBook()
        self.bell = Bell()
        self.diary = Diary()
        self.triggered: list[tuple[str, int, int]] = []
        self._handler_ids = 700
        oauth.join(self)

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://{self.domain}"

    # --- records

    def add_record(self, word: str, fields: Fields) -> int:
        """Put a record in without any event, for seeding; ``ID`` is honoured."""
        return self.crm.add(word, fields, user_id=1, now=self.clock.now()).id

    def load(self, seed: Seed) -> None:
        """Put in a whole seed: users, companies, contacts with their companies, leads, deals; no events."""
        load_seed(seed, self.users, self.crm, self.clock.now())

    def create(self, word: str, fields: Fields, *, by: int | None, app_made: bool = False) -> int:
        """Make a record as a user, or as a robot (``by`` None), and raise its event."""
        record = self.crm.add(word, fields, user_id=by or 1, now=self.clock.now())
        self._note(word, record.id, "created", app_made=app_made)
        self._raise_crm(word, "ADD", record.id, by, app_made=app_made)
        self.automation.entered(word, record, None)
        return record.id

    def change(
        self, word: str, record_id: int, fields: Fields, *, by: int | None, app_made: bool = False
    ) -> Record | None:
        """Change a record as a user or robot and raise its event; None when there is no such record."""
        record = self.crm.get(word, record_id)
        if record is None:
            return None
        stage_before = as_text(record.fields.get(SPECS[word].stage_field or ""))
        changed = self.crm.update(word, record, fields, user_id=by or 1, now=self.clock.now())
        self._note(word, record_id, "changed", " ".join(fields), app_made=app_made)
        self._raise_crm(word, "UPDATE", record_id, by, app_made=app_made)
        self.automation.entered(word, changed, stage_before)
        return changed

    def touch(self, word: str, record_id: int, *, by: int | None, app_made: bool = False) -> None:
        """Raise an update for a record whose links were changed."""
        self.change(word, record_id, {}, by=by, app_made=app_made)

    def delete(self, word: str, record_id: int, *, by: int | None, app_made: bool = False) -> bool:
        """Delete a record as a user or robot and raise its event; False when there is none."""
        found = self.crm.delete(word, record_id) is not None
        if found:
            self.timeline.forget(word, record_id)
            self._raise_crm(word, "DELETE", record_id, by, app_made=app_made)
        return found

    # --- the application's life

    def add_app(self, app: AppInstall) -> AppInstall:
        """Add the application's card; it counts as installed at once when it has no installer page."""
        app.application_token = app.application_token or token_hex(16)
        app.installed = not app.installer_url
        self.app = app
        return app

    def add_webhook(self, user_id: int, code: str, scopes: Iterable[str]) -> str:
        """Add an incoming webhook; returns its address."""
        self.webhooks[(user_id, code)] = tuple(scopes)
        return f"{self.base_url}/rest/{user_id}/{code}/"

    def install_finish(self, user_id: int) -> bool:
        """Do what ``BX24.installFinish()`` makes the portal do; False when this user may not."""
        user, app = self.users.get(user_id), self.app
        if app is None or user is None or not user.admin:
            return False
        if not app.installed:
            app.installed = True
            data: dict[str, Json] = {"VERSION": str(app.version), "ACTIVE": "Y", "INSTALLED": "Y"}
            self._raise_life(self._bound("ONAPPINSTALL"), data, user_id)
        return True

    def update_app(self, version: int, *, by: int, new_token: bool = False) -> None:
        """Install another version: registrations go, the installer opens again, ONAPPUPDATE is sent."""
        app = self.the_app()
        handlers = self._bound("ONAPPUPDATE")
        data: dict[str, Json] = {"VERSION": str(version), "PREVIOUS_VERSION": str(app.version)}
        app.version = version
        app.installed = not app.installer_url
        app.registrations = Registrations()
        if new_token:
            app.application_token = token_hex(16)
        self._raise_life(handlers, data, by)

    def uninstall(self, *, clean: bool) -> None:
        """Delete the application: tokens die, registrations go, ONAPPUNINSTALL brings no tokens."""
        app = self.the_app()
        handlers = self._bound("ONAPPUNINSTALL") if app.installed else []
        self.oauth.revoke(self.member_id, app.client_id)
        data: dict[str, Json] = {"LANGUAGE_ID": "ru", "CLEAN": "1" if clean else "0"}
        auth = {
            name: value
            for name, value in auth_base(self.oauth, self, app).items()
            if name not in ("scope", "status")
        }
        for handler in handlers:
            self._send(handler, data, auth)
        self.app = None

    def rename(self, new_domain: str) -> None:
        """Move to another address; the old one answers 302 from now on."""
        self.old_domains.add(self.domain)
        self.old_domains.discard(new_domain)
        self.domain = new_domain

    # --- frames and robots

    def open_frame(
        self,
        user_id: int,
        placement: str = "DEFAULT",
        options: Mapping[str, Json] | None = None,
        handler: str | None = None,
    ) -> FramePost:
        """Return what the portal's page POSTs when this user opens the application or a place of it."""
        app, user = self.the_app(), self._the_user(user_id)
        pair = self.oauth.issue(self, app, user_id)
        form = {
            "AUTH_ID": pair.access_token,
            "AUTH_EXPIRES": str(ACCESS_LIFE_S),
            "REFRESH_ID": pair.refresh_token,
            "SERVER_ENDPOINT": self.oauth.server_endpoint,
            "APPLICATION_TOKEN": app.application_token,
            "APPLICATION_SCOPE": app.scope_text,
            "member_id": self.member_id,
            "status": app.status,
            "PLACEMENT": placement,
        }
        return frame_post(
            handler or self.frame_handler(user, placement),
            domain=self.domain,
            scheme=self.scheme,
            language=user.language,
            form=form,
            options=options or {},
        )

    def frame_handler(self, user: User, placement: str) -> str:
        """Return the page that fills this place; an unfinished app shows its installer, to admins."""
        app = self.the_app()
        if not app.installed:
            if placement != "DEFAULT" or not user.admin:
                raise NotInstalled(f"the application is not fully installed in {self.domain}")
            return app.installer_url
        if placement == "DEFAULT":
            return app.handler_url
        bound = [place.handler for place in app.registrations.placements if place.code == placement]
        if not bound:
            raise NotInstalled(f"nothing is bound to {placement}")
        return bound[0]

    def run_robot(
        self, code: str, word: str, record_id: int, properties: Mapping[str, Json] | None = None
    ) -> RobotStep:
        """Start a registered robot on a record: its handler is called through the queue."""
        return self.automation.run(code, word, record_id, properties)

    # --- events

    def next_handler_id(self) -> int:
        self._handler_ids += 1
        return self._handler_ids

    def _raise_crm(self, word: str, what: str, record_id: int, by: int | None, *, app_made: bool) -> None:
        name = f"ONCRM{word.upper()}{what}"
        data: dict[str, Json] = {"FIELDS": {"ID": str(record_id)}}
        app = self.app
        if app is None or not app.installed:
            return
        for handler in self._bound(name):
            if handler.is_offline:
                if not app_made:
                    self.offline.put(handler, data, by, self.clock.now())
                continue
            auth = auth_block(self.oauth, self, app, handler.auth_type or by)
            self._send(handler, data, auth, f"{word}:{record_id}")

    def _note(self, word: str, record_id: int, what: str, detail: str = "", *, app_made: bool) -> None:
        code = f"app_{what}" if app_made else what
        self.diary.note(Happening(self.clock.now(), word, record_id, code, detail))

    def _raise_life(self, handlers: list[EventHandler], data: dict[str, Json], user_id: int) -> None:
        auth = auth_block(self.oauth, self, self.the_app(), user_id, with_refresh=True)
        for handler in handlers:
            self._send(handler, {**data, "LANGUAGE_ID": "ru"}, auth)

    def _send(
        self, handler: EventHandler, data: Mapping[str, Json], auth: Mapping[str, Json], about: str = ""
    ) -> None:
        form = event_form(handler, data, auth, now=self.clock.now())
        self.events.put(OutgoingCall(handler.event, handler.handler, form, about))

    def _bound(self, event: str) -> list[EventHandler]:
        if self.app is None:
            return []
        return [handler for handler in self.app.registrations.events if handler.event == event]

    def the_app(self) -> AppInstall:
        """Return the application; NotInstalled when there is none."""
        if self.app is None:
            raise NotInstalled(f"no application in {self.domain}")
        return self.app

    def _the_user(self, user_id: int) -> User:
        user = self.users.get(user_id)
        if user is None:
            raise KeyError(f"no user {user_id} in {self.domain}")
        return user
