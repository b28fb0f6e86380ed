"""The client's commands: what a subscriber does over the published API, with nothing but that API."""
