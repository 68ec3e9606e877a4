"""Repeat enquiries: rules, judgement, and what is done in the earlier record."""
