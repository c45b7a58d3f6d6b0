"""Local HTTP servers that behave as the providers do, for the tests and the demonstration.

Each holds real state: a revoked token is refused from then on. They listen on 127.0.0.1 and open no connection of
their own, except that the AWS shim forwards to moto on the same address.
"""
