"""What a witness file holds: how we call, what we read in the documentation's answer, which error it prints."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from b24app.bitrix24.calls import Command
from b24app.bitrix24.errors import Bitrix24Error

Commands: TypeAlias = Mapping[str, Command]
Readings: TypeAlias = Mapping[str, tuple[Callable[[Any], object], object]]  # reader, what it has to return
Refusals: TypeAlias = Mapping[str, type[Bitrix24Error]]
