"""What the app writes into a portal: fields, and effects, each once and taken back exactly."""
