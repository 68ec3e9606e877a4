"""What has to happen when a record's outcome really changed: everybody who wants to hear of it is in one list.

A reaction only plans, in the transaction that stores the outcome; it asks no portal. So whatever it plans happens
exactly when the outcome is kept, however often the task breaks off before. What it is told is in
``outcomes/change.py``, so that a reaction need not import this list.
"""

from b24app.services.enquiries.reaction import note_new_leads
from b24app.services.notices.reactions import fire_triggers, notify_people, tell_webhooks, write_notes
from b24app.services.outcomes.change import Reaction

REACTIONS: tuple[Reaction, ...] = (
    note_new_leads,
    fire_triggers,
    write_notes,
    notify_people,
    tell_webhooks,
)

TASKS_AFTER = ("carry_out_effects", "deliver_webhooks")  # what carries out the plans
