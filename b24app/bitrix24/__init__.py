"""How one talks to a portal: tokens, limits, REST methods, and what a portal posts to us."""
