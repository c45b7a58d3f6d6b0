"""Ordinary words, by what they are for."""

from pathlib import Path

LISTS = {
    name: tuple(words.split())
    for name, _, words in (
        line.partition(":") for line in (Path(__file__).parent / "words.txt").read_text().splitlines()
    )
}
