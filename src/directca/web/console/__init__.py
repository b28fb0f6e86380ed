"""The console: what people of an account, and staff of the authority, do in a browser."""
