"""What the pages of audits show, and what is done on them."""
