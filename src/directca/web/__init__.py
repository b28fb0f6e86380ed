"""HTML for people: login, consent, connected applications, documentation, console."""
