"""A network with fewer channels: what it costs, which channels go, and when in a run."""
