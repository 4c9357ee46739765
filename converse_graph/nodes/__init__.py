"""Functions that run as nodes, each made from its spec."""
