"""Hands letters to the one mail server that the settings name."""
