"""A data set packed into tars in the manner of WebDataset."""

from sightline.dataset.packing.pack import PackedShard, pack_shards

__all__ = ["PackedShard", "pack_shards"]
