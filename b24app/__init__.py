"""b24app finds duplicates across leads, contacts and companies of Bitrix24 portals.

It installs itself into a portal, keeps an index of keyed hashes and ids (no personal data), and tells
managers, robots and administrators which records are the same customer.
"""

__version__ = "0.1.0"
