"""Well-known models: what there is, and bringing a checkpoint of one to this machine."""
