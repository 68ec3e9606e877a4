"""The demo's story in a town: a client writes again, and fields, robot, trigger, note, comment and task all say so."""

from pathlib import Path

from b24app.demo.chain import REPEATS, missing_links, set_up_automation
from b24app.sandbox.fields import BINDING_MARKS
from b24app.sandbox.people import SHOWCASE
from b24app.sandbox.repeats import create_repeat
from b24app.sandbox.wire import as_list
from tests.journeys.shared_town import installed_town


async def test_a_repeat_lead_goes_through_the_whole_chain_of_the_demo(template_url: str, tmp_path: Path):
    async with installed_town(template_url, tmp_path, size=20) as acme:
        await set_up_automation(acme.house, acme.portal)

        lead = create_repeat(acme.portal, "lead", SHOWCASE.lead)
        assert len(missing_links(acme.portal, lead)) == 10
        for _ in range(3):  # what a delivery causes is delivered by the next
            await acme.deliver()
            await acme.work()

        assert missing_links(acme.portal, lead) == []
        record = acme.portal.crm.get("lead", lead)
        assert record is not None and record.fields["STATUS_ID"] == REPEATS
        [task] = acme.portal.tasks.bound_to(f"{BINDING_MARKS['lead']}_{lead}")
        assert len(as_list(task.fields["UF_CRM_TASK"]) or ()) == 2
