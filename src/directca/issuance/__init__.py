"""Issue, reissue, renew, reconcile."""
