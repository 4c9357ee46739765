"""Converse Graph: simulate conversations between organisations that keep private minds, on LangGraph.

This is the public door: what a scenario author and a caller import. `__init__.pyi` names it, each name once; it is
loaded when it is first asked for, so that a command that needs none of it starts at once.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
