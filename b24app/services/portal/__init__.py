"""One portal: what a use case needs of it, with whose rights, within which limits."""
