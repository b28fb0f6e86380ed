"""Arithmetic on RSA moduli: what each kind of weak key looks like from outside."""
