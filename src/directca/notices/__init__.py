"""Tell customers what became of what is theirs: events to be fetched, sent to webhooks and by mail; follows the journal."""
