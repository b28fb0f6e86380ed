"""The rules that every certificate and CRL must pass before it is signed, one function each."""
