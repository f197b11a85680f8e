"""The way to a server and back, whoever goes it: connections with deadlines, faults in words, secrets masked."""
