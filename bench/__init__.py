"""How fast the authority is, as ratios in one run: the real server under load, printed and written down, never asserted."""
