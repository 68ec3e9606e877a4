"""Grades a pair of records that share a key."""

from __future__ import annotations

from b24app.dedupe.grade import Grade as Grade
