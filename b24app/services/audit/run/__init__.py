"""A run over the index of a portal: ordered, grouped, named, summed up, compared with the last."""
