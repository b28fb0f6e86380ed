"""directca: the open certificate authority for Direct secure e-mail."""
