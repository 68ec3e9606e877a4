"""Whoever may not read a record learns nothing of it beyond the portal's setting: users x types x reveal levels.

What may be seen is computed here from the sandbox's own rights and register, never from the app.
"""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.users import Breadth, User
from tests.journeys.seen import Ref, SeenPage
from tests.journeys.shared_town import installed_town
from tests.journeys.town import ADMIN, Town

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPES = ("lead", "contact", "company")
BREADTHS = (Breadth.ALL, Breadth.DEPARTMENT, Breadth.OWN, Breadth.NONE)
REVEALS = ("nothing", "exists", "responsible")
VIEWER = 60  # one account that takes every set of rights in turn
DEPARTMENT = 5
PHONE = "+79000007801"


@dataclass(frozen=True)
class Planted:
    """A record of the scene, and everything about it that could give it away."""

    ref: Ref
    owner: int
    secrets: tuple[str, ...]  # its title, name and second number, each nowhere else in the portal


@dataclass(frozen=True)
class Scene:
    """The viewer's own record of each type, all on one phone with records of his, his department's and others'."""

    town: Town
    mine: dict[str, Ref]
    planted: tuple[Planted, ...]

    def set_rights(self, rights: dict[str, Breadth]) -> None:
        self.town.portal.users.add(
            User(id=VIEWER, name="Вера", last_name="Зрячая", departments=(DEPARTMENT,), rights=rights)
        )

    def may_read(self, user_id: int, record: Ref) -> bool:
        """Ask the sandbox's own rights."""
        user = self.town.portal.users.get(user_id)
        found = self.town.portal.crm.get(*record)
        assert user is not None and found is not None
        owners = self.town.portal.users.within(user, user.may_read(record[0]))
        return owners is None or found.fields["ASSIGNED_BY_ID"] in owners


NAMES = {61: "Соседкина", 62: "Чужаков"}
OWNERS = {"own": VIEWER, "colleague": 61, "stranger": 62}  # who is responsible for the planted records


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    async with installed_town(template_url, tmp_path_factory.mktemp("rights"), size=20) as town:
        users = town.portal.users
        users.add(User(id=61, name="Клара", last_name="Соседкина", departments=(DEPARTMENT,)))
        users.add(User(id=62, name="Семён", last_name="Чужаков", departments=(6,)))
        mine = {word: _plant(town, word, "mine", VIEWER).ref for word in TYPES}
        planted = [
            _plant(town, word, f"{whose}{number}", owner)
            for word in TYPES
            for whose, owner in OWNERS.items()
            for number in "ab"
        ]
        await town.deliver()
        yield Scene(town, mine, tuple(planted))


def _plant(town: Town, word: str, mark: str, owner: int) -> Planted:
    """Add a record with the common phone, a phone of its own and a name of its own."""
    serial = f"{TYPES.index(word)}{sum(map(ord, mark)) % 1000:03d}"
    own_phone, name = f"+7 911 000-{serial[:2]}-{serial[2:]}", f"Тайна{word.title()}{mark.title()}"
    fields = {
        "TITLE": f"Заглавие {name}", "NAME": name, "LAST_NAME": f"Фамилия{name}", "ASSIGNED_BY_ID": owner,
        "PHONE": [{"VALUE": PHONE}, {"VALUE": own_phone}],
    }  # fmt: skip
    number = town.portal.create(word, fields, by=ADMIN)
    return Planted((word, number), owner, (name, own_phone, re.sub(r"\D", "", own_phone)[1:]))


def all_rights() -> Iterator[tuple[str, dict[str, Breadth]]]:
    """Return a type to open and the viewer's rights: every breadth there with every breadth elsewhere."""
    for word in TYPES:
        for opened in BREADTHS[:3]:
            for other in BREADTHS:
                yield word, dict.fromkeys((*TYPES, "deal"), other) | {word: opened}


async def answers_to(scene: Scene, opened: Ref, *, acts: bool) -> list[str]:
    """Return what the app answers when this tab is opened and, with ``acts``, when its buttons are pressed."""
    town = scene.town
    answers = [await town.open_card(VIEWER, *opened)]
    if acts:
        fields = {"page_token": SeenPage(answers[0].text).token}
        answers.append(await town.browser.post(town.address + "widget/check", data=fields))
        fields |= {"type": "contact", "page": "2"}
        answers.append(await town.browser.post(town.address + "widget/page", data=fields))
    assert {answer.status_code for answer in answers} == {200}
    return [answer.text for answer in answers]


@pytest.mark.parametrize("reveal", REVEALS)
async def test_nothing_of_an_unreadable_record_is_in_any_answer(scene: Scene, reveal: str) -> None:
    await scene.town.set_rules(reveal=reveal)
    for number, (word, rights) in enumerate(all_rights()):
        scene.set_rights(rights)
        opened = scene.mine[word]
        visible = {one.ref for one in scene.planted if scene.may_read(VIEWER, one.ref)}
        visible |= {ref for ref in scene.mine.values() if scene.may_read(VIEWER, ref)}
        acts = reveal == "responsible" and number % 3 == 0  # every breadth and type is among them
        for html in await answers_to(scene, opened, acts=acts):
            _check(scene, html, opened=opened, visible=visible, reveal=reveal)


def _check(scene: Scene, html: str, *, opened: Ref, visible: set[Ref], reveal: str) -> None:
    page = SeenPage(html)
    hidden = [one for one in scene.planted if one.ref not in visible]
    shown_owners = {one.owner for one in scene.planted if one.ref in visible}
    told_owners = shown_owners | ({one.owner for one in hidden} if reveal == "responsible" else set())

    assert set(page.matches()) == visible - {opened}
    assert page.refs <= visible
    assert not [one.ref for one in hidden if any(secret in html for secret in one.secrets)]
    assert {owner for owner, name in NAMES.items() if name in page.text} == told_owners & NAMES.keys()
    assert ("к которым у вас нет доступа" in page.text) == (bool(hidden) and reveal != "nothing")


async def test_hidden_matches_alone_are_told_as_the_setting_says(scene: Scene) -> None:
    scene.set_rights({"lead": Breadth.OWN})
    lone = _plant(scene.town, "lead", "lone", VIEWER).ref
    changed = {"PHONE": [{"VALUE": "+79000007802"}]}
    stranger = scene.town.portal.create("lead", {"TITLE": "Т", "ASSIGNED_BY_ID": 62, **changed}, by=ADMIN)
    own = scene.town.portal.create("lead", {"TITLE": "М", "ASSIGNED_BY_ID": VIEWER, **changed}, by=ADMIN)
    await scene.town.deliver()

    verdicts = {}
    for reveal in REVEALS:
        await scene.town.set_rules(reveal=reveal)
        verdicts[reveal] = SeenPage((await scene.town.open_card(VIEWER, "lead", own)).text).verdict

    assert stranger != lone[1]
    assert verdicts == {
        "nothing": "Дубликатов нет",
        "exists": "Есть совпадения, но они вам не видны",
        "responsible": "Есть совпадения, но они вам не видны",
    }


async def test_with_reveal_nothing_the_page_is_the_one_of_a_portal_without_those_records(
    template_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pages = await pages_with_and_without(template_url, tmp_path_factory, others=30)

    assert pages[0] == pages[1]


async def pages_with_and_without(
    template_url: str, tmp_path_factory: pytest.TempPathFactory, *, others: int
) -> list[list[str]]:
    """Return what a viewer of his own records sees in a portal with others' records, and in one without."""
    pages = []
    for number_of_others in (others, 0):
        folder = tmp_path_factory.mktemp(f"with{number_of_others}")
        async with installed_town(template_url, folder, size=20) as town:
            town.portal.users.add(User(id=VIEWER, rights=dict.fromkeys(TYPES, Breadth.OWN)))
            await town.set_rules(reveal="nothing")
            mine = [_plant(town, word, mark, VIEWER).ref for word in TYPES for mark in "xy"]
            for number in range(number_of_others):
                _plant(town, TYPES[number % 3], f"o{number}", 62)
            await town.deliver()
            answers = [(await town.open_card(VIEWER, *ref)).text for ref in mine]
            pages.append([_without_what_differs(html, town) for html in answers])
    return pages


def _without_what_differs(html: str, town: Town) -> str:
    """Drop addresses, tokens and times."""
    html = html.replace(town.portal.base_url, "").replace(town.oauth.base_url, "")
    html = re.sub(r'value="[\w=-]{60,}"', "", html)
    return re.sub(r"<time.*?</time>", "", html)


async def test_an_unreadable_record_cannot_be_opened_nor_told_from_a_missing_one(scene: Scene) -> None:
    scene.set_rights(dict.fromkeys(TYPES, Breadth.OWN))
    others = [one.ref for one in scene.planted if one.owner == 62]

    for word in TYPES:
        unreadable = next(ref for ref in others if ref[0] == word)
        answers = [await scene.town.open_card(VIEWER, word, number) for number in (unreadable[1], 999_999)]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].text == answers[1].text


async def test_a_deal_shows_nothing_of_clients_its_viewer_may_not_read(scene: Scene) -> None:
    scene.set_rights({"deal": Breadth.ALL, "lead": Breadth.OWN})
    contact = next(one for one in scene.planted if one.ref[0] == "contact" and one.owner == 62)
    fields = {"TITLE": "Сделка", "CONTACT_ID": contact.ref[1], "ASSIGNED_BY_ID": VIEWER}
    deal = scene.town.portal.create("deal", fields, by=ADMIN)

    answer = await scene.town.open_card(VIEWER, "deal", deal)

    page = SeenPage(answer.text)
    assert {ref for ref in page.refs if ref[0] != "lead"} == set()
    assert not any(
        secret in answer.text for one in scene.planted if one.owner == 62 for secret in one.secrets
    )
    assert PHONE not in answer.text.replace(" ", "").replace("-", "")


async def test_a_relative_the_viewer_may_not_read_is_no_hidden_duplicate(scene: Scene) -> None:
    await scene.town.set_rules(reveal="responsible")
    phone = {"PHONE": [{"VALUE": "+79000007803"}]}
    create = scene.town.portal.create
    contact = create("contact", {"NAME": "Клиент", "ASSIGNED_BY_ID": 62, **phone}, by=ADMIN)
    lead = create("lead", {"TITLE": "Л", "ASSIGNED_BY_ID": VIEWER, "CONTACT_ID": contact, **phone}, by=ADMIN)
    await scene.town.deliver()
    scene.set_rights({"lead": Breadth.OWN})

    seen_by_admin = SeenPage((await scene.town.open_card(ADMIN, "lead", lead)).text)
    seen_by_viewer = SeenPage((await scene.town.open_card(VIEWER, "lead", lead)).text)

    assert seen_by_admin.relatives() == [("contact", contact)]
    assert seen_by_admin.verdict == seen_by_viewer.verdict == "Дубликатов нет"
    assert "Чужаков" not in seen_by_viewer.text


async def test_a_hidden_match_too_weak_for_the_rules_is_not_told(scene: Scene) -> None:
    role = {"EMAIL": [{"VALUE": "info@zakrytaya.example"}]}
    create = scene.town.portal.create
    create("lead", {"TITLE": "Чужой", "ASSIGNED_BY_ID": 62, **role}, by=ADMIN)
    lead = create("lead", {"TITLE": "Свой", "ASSIGNED_BY_ID": VIEWER, **role}, by=ADMIN)
    await scene.town.deliver()
    await scene.town.set_rules(reveal="responsible", least_grade="likely")
    scene.set_rights({"lead": Breadth.OWN})

    verdicts = [
        SeenPage((await scene.town.open_card(user, "lead", lead)).text).verdict for user in (ADMIN, VIEWER)
    ]

    assert verdicts == ["Дубликатов нет"] * 2


async def test_the_seeded_managers_see_the_showcase_as_their_rights_say(scene: Scene) -> None:
    await scene.town.set_rules(reveal="responsible", least_grade="weak")
    pages = {
        user: SeenPage((await scene.town.open_card(user, "lead", SHOWCASE.lead)).text)
        for user in (SHOWCASE.viewer_of_all, SHOWCASE.viewer_of_own, SHOWCASE.viewer_of_leads_only)
    }

    assert len(pages[SHOWCASE.viewer_of_all].matches()) == 7
    assert {ref[0] for ref in pages[SHOWCASE.viewer_of_leads_only].matches()} == {"lead"}
    assert set(pages[SHOWCASE.viewer_of_own].matches()) == {("contact", SHOWCASE.email_contact)}
    assert "Олег Дроздов" in pages[SHOWCASE.viewer_of_own].text
