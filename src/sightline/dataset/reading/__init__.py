"""Every picture opened once: decoded, measured, fingerprinted, and remembered for the next time."""
