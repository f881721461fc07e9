"""The network: a timm backbone, its weights, its head."""
