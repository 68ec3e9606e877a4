"""What we remember, in PostgreSQL: every repository is bound to one portal."""
