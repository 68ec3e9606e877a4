"""Audits: a pass over a whole portal that ends in groups, shared contact data and files. Writes nothing to the CRM."""
