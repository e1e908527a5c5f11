# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to vya.backupdb: no stable interface.

"""PostgreSQL: what the server and its tools say, without values of rows.

DETAIL, most of CONTEXT, and the statements that pg_restore repeats are never passed on. A message that a function
raised may say anything, and is not passed on either, whatever it looks like.
"""

from __future__ import annotations

import re
import typing as t

from ansible_collections.vya.backupdb.plugins.module_utils._engine.pg_quoted import without_values
from ansible_collections.vya.backupdb.plugins.module_utils._said import WITHHELD, Sayings

_KINDS = (
    "access method|aggregate|attribute|cast|(?:check |foreign key |exclusion |unique |not-null )?constraint|collation"
    "|column|composite type|configuration parameter|conversion|database|directory|domain|encoding"
    "|event trigger|extension|(?:extension control )?file|foreign table|foreign-data wrapper|function|index|language"
    "|large object|library|materialized view|operator class|operator family|operator|parameter|partition"
    "|partitioned table"
    "|policy|procedure|publication|(?:referenced )?relation|role|routine|row type|rule|schema|sequence|server"
    "|statistics object|subscription|table|tablespace|template database"
    "|text search (?:configuration|dictionary|parser|template)|trigger"
    "|type|unique index|user|user mapping|view"
)
# N: a name in quotes; O: an object with its name; S: names and types without quotes; R: a reason of the system.
_MACROS = {
    "N": r'"[^"\n]{1,300}"',
    "O": rf'(?:{_KINDS}) "[^"\n]{{1,300}}"',
    "S": r"[^\"'\n:]{1,300}",
    "K": f"(?:{_KINDS})",
    "R": r"[A-Z][A-Za-z/ ]{2,60}",
    "W": r"[a-z][a-z ,-]{0,120}",
    "F": "(?:RESTRICT setting of )?foreign key",
    "AT": "(?: at or near <V>)?",
    "BY": r"(?:: [A-Z][A-Za-z/ ]{2,60})?",
}
_SERVER = Sayings(
    r"""
    (?:<O>|<K> <S>)(?: of <O>| for <O>| in <O>)?(?: does not exist| already exists)
    <O> (?:does not exist for|is already a member of|is not a member of) <O>
    operator does not exist: <S>
    <N> is (?:an? |not an? )(?:[a-z]+ )?(?:table|view|sequence|index|function|procedure|aggregate|type|domain|partition)
    (?P<v>.*) is not a valid [a-z]+ digit
    <O> (?:is|are|has|have|cannot|must|of) <W>(?: <O>| <N>)?(?: <W>)?
    duplicate key value violates unique constraint <N>
    conflicting key value violates exclusion constraint <N>
    could not create (?:unique index|exclusion constraint) <N>
    new row for relation <N> violates (?:check|partition) constraint(?: <N>)?
    new row violates (?:row-level security policy|check option|WITH CHECK OPTION) <S>?<N>?<S>?
    value for domain <S> violates check constraint <N>
    domain <S> does not allow null values
    null value in column <N>(?: of relation <N>)? violates not-null constraint
    (?:insert or update|update or delete) on table <N> violates <F> constraint <N>(?: on table <N>)?
    (?:check|partition) constraint <N> of relation <N> is violated by some row
    partition constraint of relation <N> is violated by some row
    updated partition constraint for default partition <N> would be violated by some row
    no partition of relation <N> found for row
    column <N> of (?:relation|table) <N> contains (?:null values|values that violate the new constraint)
    invalid input syntax for type <S>(?:: <V>)?
    invalid input value for enum <S>: <V>
    (?:date/time|time|timestamp|interval|time zone displacement)(?: field)?(?: value)? out of range(?:: <V>)?
    (?:smallint|integer|bigint|oid|money|date|timestamp|interval|cash) out of range
    value (?P<v>.*) is out of range for type <S>
    (?P<v>".*") is out of range for type <S>
    value (?:too long for type <S>|out of range: (?:overflow|underflow))
    numeric field overflow
    bit string (?:length [0-9]+ does not match type <S>|too long for type <S>)
    (?:invalid|cannot) (?:hexadecimal|binary|base64|escape|octal)[a-z ]*(?:: <V>)?
    invalid byte sequence for encoding <N>: <V>
    character with byte sequence (?P<v>.*) in encoding <N> has no equivalent in encoding <N>
    malformed (?:array|record|range|multirange) literal: <V>
    (?:invalid|unsupported) (?:Unicode|XML|JSON|regular expression|memory alloc request)[A-Za-z -]*(?:: <V>)?
    missing data for column <N>
    (?:extra data after last expected column|empty query|unexpected EOF on client connection with an open transaction)
    unterminated (?:CSV quoted field|quoted string|quoted identifier|dollar-quoted string|/\* comment)<AT>
    literal (?:newline|carriage return) found in data
    end-of-copy marker (?:corrupt|does not match previous newline style)
    unquoted (?:newline|carriage return) found in data
    COPY from stdin failed: <V>
    (?:invalid|unrecognized) COPY [A-Za-z -]*
    (?:division by zero|cannot take [a-z ]+|zero raised to a negative power is undefined|deadlock detected)
    index row size [0-9]+ exceeds (?:btree version [0-9]+ )?maximum [0-9]+ for index <N>
    index row requires [0-9]+ bytes, maximum size is [0-9]+
    row is too big: size [0-9]+, maximum size [0-9]+
    (?:string|word) is too long(?: for tsvector)? \([0-9]+ bytes, max [0-9]+ bytes\)
    (?:lower|upper) bound of <W>
    range lower bound must be less than or equal to range upper bound
    syntax error(?: at (?:or near <V>|end of input))?
    permission denied (?:for|to) (?:<W>|<W> <N>|<O>|<K> <S>)
    must be (?:a |an |the )?(?:able to SET (?:role|ROLE)|member of role|owner of|superuser|inherit)(?: <S>| <N>| <O>)*
    (?:only|non-)[a-z]* ?(?:superusers?|roles) <W>(?: <N>)?
    extension <N> (?:is not available|has no <W> for version <N>|must be installed in schema <N>)
    required extension <N> is not installed
    could not [a-z]+ (?:<W> )?<N>(?: in file <N>)?<BY>
    could not open extension control file <N>: <R>
    can only create extension in database <S>
    <S> (?:must|can only) be loaded via "?shared_preload_libraries"?
    permission denied: <N> is a system catalog
    unrecognized configuration parameter <N>
    invalid configuration parameter name <N>
    invalid value for parameter <N>(?:: <V>)?
    parameter <N> cannot be (?:changed|set) <W>
    canceling statement due to <W>
    terminating connection (?:due to|because of) <W>
    could not serialize access due to <W>
    out of (?:memory|shared memory)
    memory exhausted(?: at or near <V>)?
    (?:sorry, too many clients already|too many connections for <O>|remaining connection slots are reserved [A-Za-z -]+)
    could not (?:read|extend|write|truncate)[a-z ]* (?:blocks? [0-9.]+ (?:in|of) )?file <N>:? ?(?:.*)
    could not read blocks? [0-9.]+ in file <N>: [a-zA-Z ]+[0-9]* ?(?:of [0-9]+ bytes)?
    could not resize shared memory segment <N> to [0-9]+ bytes: <R>
    invalid page in block [0-9]+ of relation [A-Za-z0-9_/]+
    (?:missing|unexpected) chunk (?:number|size) [-0-9a-z (),]*(?:for toast value [0-9]+ in [A-Za-z0-9_.]+)?
    could not open relation (?:with OID [0-9]+|<N>)
    could not obtain lock on <O>
    cache lookup failed for [a-z ]+[0-9]+
    cannot execute [A-Z ]+ in a read-only transaction
    cannot [a-z -]+(?: <O>| <N>)?(?: [a-z ,-]+)?(?: <O>| <N>)?
    there is no unique (?:or exclusion )?constraint matching <W>(?: <N>)?
    no unique or exclusion constraint matching <W>
    functions in index (?:expression|predicate) must be marked IMMUTABLE
    generation expression is not immutable
    collations are not supported by type <S>
    data type <S> has no default operator class for access method <N>
    collation <N> for encoding <N> does not exist
    could not determine which collation to use for <W>
    no schema has been selected to create in
    (?:column|table|relation|schema)? ?reference <N> is ambiguous
    column <S> does not exist
    multiple primary keys for table <N> are not allowed
    database <N> is (?:being accessed by other users|not currently accepting connections)
    source database <N> is being accessed by other users
    encoding <N> does not match locale <N>
    (?:invalid|unrecognized|unsupported) (?:encoding|locale|LC_COLLATE|LC_CTYPE)[A-Za-z_ ]*:? ?<N>?
    new [A-Za-z_ ]+ \([^)\n]*\) is incompatible with the [A-Za-z_ ]+ of the template database \([^)\n]*\)
    (?:password|peer|ident|GSSAPI|certificate|LDAP|PAM|RADIUS)[a-zA-Z ]* authentication failed for user <N>
    (?:Peer|Ident|Cert) authentication failed for user <N>
    no pg_hba\.conf entry for [^\n]*
    the database system is [a-z ]+
    server closed the connection unexpectedly
    could not (?:connect to|send data to|receive data from) server: <R>
    SSL [A-Za-z: ]+
    (?:invalid snapshot identifier|could not import the requested snapshot|snapshot <N> does not exist)(?:: <V>)?
    trailing junk after numeric literal at or near <V>
    current transaction is aborted, commands ignored until end of transaction block
    unsupported XML feature
    The extension must first be installed on the system where PostgreSQL is running
    Must (?:be superuser|have CREATE privilege on current database) to create this extension
    """,
    _MACROS,
)
# What stands before a message of the server in a line of a tool; the message may be in another language.
_HEAD = re.compile(
    r"(?:(?:error|warning|detail|hint|fatal): )?"
    r"(?:could not execute query|query failed|query was|command was|COPY failed for table \"[^\"\n]*\""
    r"|error returned by PQ\w+|could not set [^:\n]*|could not create large object \d+|could not open large object \d+"
    r"|could not write to large object(?: \(.*?\))?"
    r"|Dumping the contents of table \"[^\"\n]*\" failed: [\w()]+ failed\."
    r"|Error message from server|connection to server .*? failed|connection to database \"[^\"\n]*\" failed"
    r"|reconnection failed|could not connect to database \"[^\"\n]*\"|statement failed"
    r"|LOCK TABLE failed for \"[^\"\n]*\")"
    r"(?:: ?|$)",
    re.I,
)
_LINE = re.compile(r"(?:pg_restore|pg_dump|pg_dumpall)(?: \[[^\]\n]*\])?: (.*)")
_SEVERITY = re.compile(r"(\S+):  (.*)")
_STATEMENT = re.compile(r"(?:error: |detail: |hint: )?(?:Command|Query|Statement) was:", re.I)
_COMMAND = re.compile(r"^(?:Command|Query) was: ", re.M)
_CONTEXT = re.compile(r"^CONTEXT:  ", re.M)
_INSERT = re.compile(r"INSERT\b")
_HINT = re.compile(r"HINT:  (.*)")
_PLACES = (
    re.compile(r"COPY [^:\"\n]{1,200}?, line [0-9]+(?:, column [^:\"\n]{1,200})?"),
    re.compile(r"PL/pgSQL function (?:[^\s(]{1,200}\([^)\n]*\)|inline_code_block) line [0-9]+"),
    re.compile(r"SQL function \"[^\"\n]{1,200}\"(?: statement [0-9]+| during (?:inlining|startup))?"),
)
_RAISED = re.compile(r"\bat RAISE\b|\bPL/(?!pgSQL\b)\S+")


def message(primary: str, context: str = "", *, own: bool = False, statement: str = "") -> str:
    """What is passed on of a message of the server. ``own``: what it quotes of a statement is no row's value;
    ``statement``: the one that failed, where it may have computed something of rows."""
    if _RAISED.search(context):
        return _with_place("a function raised an error, whose text may quote rows and is not repeated here", context)
    if own and not context and primary.startswith("syntax error at or near "):
        return primary
    text = without_values(_SERVER.passed(primary.strip()), context, statement, own=own)
    return _with_place(text, context)


def hint(text: str) -> str:
    """What is passed on of a hint of the server."""
    return _SERVER.known(text.strip()) or ""


def place(context: str) -> str:
    """Where it happened: ``COPY t, line 3, column a``, or the function; never what was there."""
    for pattern in _PLACES:
        found = pattern.search(context)
        if found:
            return found.group()
    return ""


def _with_place(text: str, context: str) -> str:
    where = place(context)
    return f"{text} ({where})" if where else text


def stderr(text: str) -> str:
    """What is passed on of the stderr of pg_dump, pg_dumpall and pg_restore."""
    out: list[str] = []
    for first, rest in _entries(text):
        told = _told(first, rest)
        if told:
            out.append(told)
    return "\n".join(out) or (WITHHELD if text.strip() else "")


def _entries(text: str) -> t.Iterator[tuple[str, list[str]]]:
    """Each line that a tool began, without the tool's name, and the lines after it."""
    first: str = ""
    rest: list[str] = []
    for line in text.splitlines():
        found = _LINE.match(line)
        label = found and re.match(r"(?:detail|hint): ", found[1])
        if found and not (label and not _HEAD.match(found[1])):
            if first or rest:
                yield first, rest
            first, rest = line, []
        else:
            rest.append(line)
    if first or rest:
        yield first, rest


def _told(line: str, rest: list[str]) -> str:
    found = _LINE.match(line)
    if found is None:  # what is not a tool's own line, such as libpq's, has no beginning that could be judged
        return "\n".join(filter(None, (_bare(item) for item in rest)))
    body = found[1]
    if _STATEMENT.match(body):
        return ""
    begin = line[: len(line) - len(body)]
    head = _HEAD.match(body)
    said = body[head.end() :] if head else body
    severity = _SEVERITY.match(said)
    if head is None and severity is None:
        return line
    if not said:
        return line.rstrip(": ")
    more, _command, statement = _split(_COMMAND, "\n".join(rest))
    context = _split(_CONTEXT, more)[2]
    rows = (head is not None and "COPY" in head.group()) or _INSERT.match(statement) is not None
    text = message(severity[2] if severity else said, context, own=not rows, statement=statement)
    kept = f"{begin}{body[: head.end()] if head else ''}{severity[1] + ':  ' if severity else ''}{text}"
    hints = [hint(found[1]) for found in map(_HINT.match, rest) if found]
    return "\n".join([kept, *(f"HINT:  {item}" for item in hints if item)])


def _split(pattern: re.Pattern[str], text: str) -> tuple[str, str, str]:
    found = pattern.search(text)
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


def _bare(line: str) -> str:
    severity = _SEVERITY.match(line)
    return f"{severity[1]}:  {_SERVER.passed(severity[2])}" if severity and severity[1] in ("FATAL", "ERROR") else ""


__all__ = ("WITHHELD", "hint", "message", "place", "stderr")
