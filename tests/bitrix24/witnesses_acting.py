"""Methods of ``acting.py``: calls, readings and refusals by the documentation's own answers."""

from tests.bitrix24.witnesses import Commands, Readings, Refusals

COMMANDS: Commands = {}
READINGS: Readings = {}
REFUSALS: Refusals = {}
