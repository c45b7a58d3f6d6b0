"""How a literal is replaced in each language: functions `(path, text, literals) -> Edited`."""
