"""The server under load, beside the peers of `shared/bench/serving` where they are installed."""
