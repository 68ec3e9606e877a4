"""A verified call of a robot becomes a row and one waiting task; nothing else happens at the door."""

import hashlib

from b24app.bitrix24.incoming_robots import RobotCall
from b24app.services.portal.access import verify_robot
from b24app.services.portal.context import Runtime
from b24app.services.robots.catalogue import ROBOTS
from b24app.services.robots.robot import InputMistake, Inputs
from b24app.store.portals import PortalStatus
from b24app.store.robot_calls import KeptCall

ANSWER_WITHIN_S = 120.0  # after that a portal that is too busy to be read gets an answer that says so
SHARE_OF_TIMEOUT = 0.5  # the workflow gives up at its time-out: an answer has to leave well before
TASK = "answer_robots"


async def accept_robot_call(runtime: Runtime, robot: str, call: RobotCall) -> None:
    """Take in a call; raises UnknownPortal, ForgedCall. A token that came before changes nothing.

    A blocked portal's call is answered when an administrator has opened the app again.
    """
    portal = await verify_robot(runtime, call)
    kept = to_kept(robot, call, now=runtime.clock.now())
    async with runtime.store.begin(portal.portal_id) as tx:
        is_new = await tx.robot_calls.put(kept)
    if is_new and portal.status is PortalStatus.ACTIVE:
        await runtime.queue.ask(TASK, portal.portal_id)


def to_kept(robot: str, call: RobotCall, *, now: float) -> KeptCall:
    """Return what is kept of a call: of its inputs only what could be read as codes and numbers."""
    inputs: Inputs = {}
    mistake = None
    try:
        inputs = ROBOTS[robot].read_inputs(call.properties)
    except InputMistake as wrong:
        mistake = wrong.name
    patience_s = ANSWER_WITHIN_S
    if call.timeout_s is not None:
        patience_s = min(patience_s, call.timeout_s * SHARE_OF_TIMEOUT)
    return KeptCall(
        digest=hashlib.sha256(call.event_token.encode()).digest(),
        token=call.event_token,
        robot=robot,
        document_type=call.document.type if call.document else "",
        document_id=call.document.id if call.document else 0,
        inputs=inputs,
        mistake=mistake,
        is_awaited=call.is_awaited,
        received_at=now,
        deadline=now + patience_s,
    )
