"""The fault suite: an authority under load is hurt in every way, and an independent checker walks everything afterwards."""
