# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""MySQL and MariaDB: the server that restores as the judge of a view whose text is another than in the backup.

MySQL 9 adds conditions to the queries of INTERSECT and EXCEPT when it reads them, and adds them again each time that it
reads what it has printed. So no two texts are compared that were read a different number of times: the server reads
the backup's text once more, under another name in the scratch database, and must print what it prints for the view
that was restored, which was read as often.
"""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine import my_definers, my_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_client import execute
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_code import run_script
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_schema import Reader, object_names
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_script import Definition
from ansible_collections.vya.backupdb.plugins.module_utils._engine.my_words import Word, quote, split
from ansible_collections.vya.backupdb.plugins.module_utils._errors import EngineError
from ansible_collections.vya.backupdb.plugins.module_utils._sql.my_moved import retarget

_VIEW = "backupdb_view"


def judged(
    connection: t.Any,
    database: str,
    definitions: t.Sequence[Definition],
    texts: t.Mapping[str, str],
    *,
    absent: t.Container[my_definers.Account],
    stage: str,
) -> dict[str, bool]:
    """Whether the backup's ``texts`` of views, by their names, are those of the restored ``definitions``. What the
    server cannot read is not in the answer."""
    reader = Reader(connection, database, stage=stage)
    names = object_names(definitions, reader.folds)
    taken = {name.lower() for name in names}
    other = next(name for name in (f"{_VIEW}{'_' * count}" for count in range(len(taken) + 1)) if name not in taken)
    collation = reader.charset()[1]
    answers = {}
    for item in definitions:
        label = f"view {item.name}"
        if item.kind != "view" or not texts.get(label):
            continue
        try:
            moved = dataclasses.replace(item, text=_under(other, texts[label], item.name))
            script = my_script.write([moved], "A view to compare", collation)
            run_script(connection, script, old=database, new=database, names=set(), absent=absent, stage=stage)
            again = str(execute(connection, f"SHOW CREATE VIEW {quote(other)}", stage=stage)[0][1])
        except EngineError:
            continue
        finally:
            with contextlib.suppress(EngineError):
                execute(connection, f"DROP VIEW IF EXISTS {quote(database)}.{quote(other)}", stage=stage)
        printed = [retarget(text, database, None, names, fold=reader.folds) for text in (item.text, again)]
        answers[label] = _query(printed[0]) == _query(printed[1])
    return answers


def _under(other: str, text: str, name: str) -> str:
    """The text of a view with another name. It has no qualifiers: the current database has all that it reads."""
    words = split(text)
    at = _named(words)
    if my_script.created(text) != ("view", name) or not at:
        raise EngineError("The text is not that of the view.", stage="verify")
    return "".join([*(word.text for word in words[:at]), quote(other), *(word.text for word in words[at + 1 :])])


def _named(words: t.Sequence[Word]) -> int:
    """Where a CREATE VIEW names its view; 0 when nowhere."""
    view = next((at for at, word in enumerate(words) if word.kind == "word" and word.text.upper() == "VIEW"), None)
    if view is None:
        return 0
    return next((at for at in range(view + 1, len(words)) if words[at].kind != "space"), 0)


def _query(text: str) -> str:
    """What follows the name: all before it is compared by itself."""
    words = split(text)
    return "".join(word.text for word in words[_named(words) + 1 :])


__all__ = ("judged",)
