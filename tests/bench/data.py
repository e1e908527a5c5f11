# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database that is measured: orders of customers, made inside the server, about 330 bytes a row.

Half of a row is a note of syllables, which compresses about as well as prose does; the rest is tokens that look random,
numbers and dates. A compressor that only met repeated or only random bytes would show a speed that it has on no real
database.
"""

from __future__ import annotations

from support import Server
from support.mysql_family import MysqlFamilyServer
from support.postgres import PostgresServer

SYLLABLES = ("er ", "the ", "in", "on", "at", "or", "al ", "de", "re", "es ", "to ", "ing ", "an", "is", "ment ", "o")
# Rows that differ; then they come again, further away than any of the compressors looks back.
SAMPLE = 100_000

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, note TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, token VARCHAR(64) NOT NULL, reference VARCHAR(40) NOT NULL,
    note TEXT NOT NULL, total NUMERIC(12, 2) NOT NULL, placed TIMESTAMP NOT NULL
);
CREATE TABLE sample (i INTEGER PRIMARY KEY, token VARCHAR(64), reference VARCHAR(40), note TEXT);
INSERT INTO customers SELECT i, CONCAT('customer ', i), REPEAT('note ', i % 7) FROM {customers};
INSERT INTO sample SELECT i, {token}, LEFT({reference}, 40), {note} FROM {sample};
"""
ORDERS = """
INSERT INTO orders
    SELECT n.i * {size} + s.i, (n.i * {size} + s.i) % {count} + 1, s.token, s.reference, s.note,
        s.i * 17 % 1000000 / 100.0, timestamp '2026-01-01 00:00:00' + {later}
    FROM {rounds} {join} sample AS s WHERE n.i * {size} + s.i <= {rows} ORDER BY n.i, s.i;
DROP TABLE sample;
CREATE INDEX orders_customer ON orders (customer);
ALTER TABLE orders ADD CONSTRAINT orders_customer_key FOREIGN KEY (customer) REFERENCES customers (id);
"""


def load(server: Server, name: str, rows: int) -> None:
    """Create the database ``name`` with ``rows`` orders of a tenth as many customers; always the same rows."""
    count, size = max(rows // 10, 1), min(rows, SAMPLE)
    rounds = (rows - 1) // size
    server.create_database(name)
    if isinstance(server, PostgresServer):
        digest = "encode(sha256((i || '{}')::bytea), 'hex')"
        values = {
            "customers": f"generate_series(1, {count}) AS i",
            "sample": f"generate_series(1, {size}) AS i",
            "rounds": f"generate_series(0, {rounds}) AS n(i)",
            "later": "s.i * 13 * interval '1 second'",
            "join": "CROSS JOIN",
        }
    else:
        assert isinstance(server, MysqlFamilyServer)
        digest = "SHA2(CONCAT(i, '{}'), 256)"
        values = {
            "customers": f"(SELECT seq AS i FROM seq_1_to_{count}) AS numbers",
            "sample": f"(SELECT seq AS i FROM seq_1_to_{size}) AS numbers",
            "rounds": f"(SELECT seq AS i FROM seq_0_to_{rounds}) AS n",
            "later": "INTERVAL s.i * 13 SECOND",
            "join": "STRAIGHT_JOIN",
        }
    values["token"], values["reference"] = digest.format("token"), digest.format("reference")
    values["note"] = _syllables(f"UPPER({digest.format('note')})")
    script = (TABLES + ORDERS).format(**values, rows=rows, count=count, size=size)
    server.execute_script(script.encode(), name)


def _syllables(digits: str) -> str:
    """An SQL expression: each of 16 upper-case digits becomes a syllable of small letters; none is replaced twice."""
    for digit, syllable in zip("0123456789ABCDEF", SYLLABLES, strict=True):
        digits = f"REPLACE({digits}, '{digit}', '{syllable}')"
    return digits
