# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""A statement as words with places, whatever the dialect."""

from __future__ import annotations

import typing as t


class Piece(t.Protocol):
    """What both dialects' words have."""

    @property
    def kind(self) -> str:
        """space, string, name, word or other."""

    @property
    def text(self) -> str:
        """As it is written."""


W = t.TypeVar("W", bound=Piece)


def _mark(word: Piece) -> bool:
    return word.kind == "other" and (word.text == "*/" or word.text.startswith(("/*!", "/*M!")))


def _upper(word: Piece) -> str:
    return word.text.upper() if word.kind == "word" else word.text if word.kind == "other" else ""


def decode(text: bytes) -> str:
    """Any bytes as text; :func:`encode` gives them back."""
    return text.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """What :func:`decode` was given."""
    return text.encode("utf-8", "surrogateescape")


class Places(t.Generic[W]):
    """A statement as words. A place is the number of a word among those that are no space, comment or sign of a
    versioned comment; ``upper``: keywords in capitals, signs as they are, nothing for strings and quoted names."""

    def __init__(self, words: list[W], nothing: W) -> None:
        self.words = words
        self._nothing = nothing
        self._solid = [index for index, word in enumerate(words) if word.kind != "space" and not _mark(word)]
        self.upper = [_upper(words[index]) for index in self._solid]

    def __len__(self) -> int:
        return len(self._solid)

    def at(self, place: int) -> W:
        """The solid word at ``place``, an empty one behind the end."""
        return self.words[self._solid[place]] if place < len(self._solid) else self._nothing

    def find(self, *sequence: str, start: int = 0) -> int:
        """The place of the first such sequence of keywords outside parentheses, or -1."""
        depth = 0
        for place in range(start, len(self.upper)):
            sign = self.upper[place]
            depth += (sign == "(") - (sign == ")")
            if depth == 0 and self.upper[place : place + len(sequence)] == list(sequence):
                return place
        return -1

    def joined(self, changes: t.Mapping[int, str], begin: int = 0, end: int | None = None) -> bytes:
        """The text of the places from ``begin`` to before ``end``, with other words at some places."""
        last = len(self.words) if end is None or end >= len(self._solid) else self._solid[end]
        # Before the first place may be the opening of a versioned comment.
        first = 0 if not begin else self._solid[begin] if begin < len(self._solid) else len(self.words)
        pieces = [word.text for word in self.words]
        for place, piece in changes.items():
            pieces[self._solid[place]] = piece
        return encode("".join(pieces[first:last]))

    def runs(self) -> t.Iterator[tuple[int, int, str]]:
        """(place, words, text) of unquoted words that hang together by signs, an ``@`` among them."""
        place = 0
        while place < len(self._solid):
            end = place + 1
            while (
                end < len(self._solid)
                and self._solid[end] == self._solid[end - 1] + 1
                and (
                    self.at(end).kind == "word"
                    or self.at(end).text in ("@", ".", "-", "+")
                    or self.at(end).text.isdigit()
                )
            ):
                end += 1
            if end > place + 2 and self.at(place).kind == "word" and "@" in self.upper[place:end]:
                yield place, end - place, "".join(self.at(i).text for i in range(place, end))
            place = end


__all__ = ("Piece", "Places", "decode", "encode")
