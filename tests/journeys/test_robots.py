"""Robots ask and wait: every call is answered, once, whatever happens, and the workflow goes its way by the answer."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from b24app.sandbox.automation_rules import Act, Condition, NextStep, Rule, Test
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.workflows import RobotStep
from tests.journeys.shared_town import installed_town
from tests.journeys.town import Town

SIZE = 40

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def acme(template_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    async with installed_town(template_url, tmp_path_factory.mktemp("robots"), size=SIZE) as built:
        yield built


async def ask(
    acme: Town, robot: str, word: str, record_id: int, inputs: Mapping[str, object] | None = None
) -> RobotStep:
    """Let a workflow ask a robot, and work until it is answered."""
    step = acme.portal.run_robot(robot, word, record_id, inputs)  # type: ignore[arg-type]
    await acme.deliver()
    return step


async def test_a_lead_moves_on_by_what_the_robot_found(acme: Town):
    then = NextStep(Act.MOVE, "IN_PROCESS")
    has_duplicates = Condition("status", Test.EQUAL, "duplicate")
    acme.portal.automation.add_rule(
        Rule("lead", "NEW", "find_duplicates", condition=has_duplicates, then=(then,))
    )

    repeated = acme.portal.create(
        "lead", {"STATUS_ID": "NEW", "PHONE": [{"VALUE": "8 900 000-01-01"}]}, by=None
    )
    alone = acme.portal.create(
        "lead", {"STATUS_ID": "NEW", "PHONE": [{"VALUE": "+7 900 777-88-11"}]}, by=None
    )
    await acme.deliver()

    stages = [acme.portal.crm.get("lead", lead).fields["STATUS_ID"] for lead in (repeated, alone)]
    assert stages == ["IN_PROCESS", "NEW"]
