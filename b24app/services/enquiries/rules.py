"""A portal's rules for repeat enquiries, as they are kept in its options."""

from b24app.dedupe.enquiry_rules import EnquiryRules
from b24app.store.database import Transaction

OPTION = "enquiry"


async def read_enquiry_rules(tx: Transaction) -> EnquiryRules:
    """Return the portal's rules; switched off until an administrator switches them on."""
    return EnquiryRules.from_dict(await tx.options.get(OPTION) or {})
