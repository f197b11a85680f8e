"""Sends what the ledger holds as pending: the only room with a clock, threads and a socket to the gateway."""
