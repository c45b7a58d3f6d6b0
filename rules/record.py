"""`Record`: typing.NamedTuple without the import of typing, which costs the pre-commit hook 5 ms at every commit."""

import sys
from collections import namedtuple

TYPE_CHECKING = False  # type checkers take this name for True; typing's own would be the import that is saved here
if TYPE_CHECKING or sys.version_info >= (3, 14):  # from 3.14 on annotations are not in a class body's namespace
    from typing import NamedTuple as Record
else:

    class _Fields(type):
        """Turns `class X(Record)` with annotated fields into a namedtuple with the class's methods and docstring."""

        def __new__(mcs, name, bases, body):
            if not bases:
                return super().__new__(mcs, name, bases, body)
            fields = body.pop("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            for key, value in body.items():
                if key not in ("__module__", "__qualname__"):
                    setattr(made, key, value)
            return made

    class Record(metaclass=_Fields):
        pass


__all__ = ["Record"]
