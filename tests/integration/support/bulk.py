# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plain database of any size, made inside the server: for tests that need bulk and for benchmarks."""

from __future__ import annotations

from .mysql_family import MysqlFamilyServer
from .postgres import PostgresServer
from .server import Server

PIECE = 64  # hexadecimal digits of a SHA-256

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(80) NOT NULL, note TEXT);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, payload TEXT NOT NULL,
    total NUMERIC(12, 2) NOT NULL, placed TIMESTAMP NOT NULL
);
CREATE TABLE nothing (id INTEGER PRIMARY KEY);
"""
KEYS = """
CREATE INDEX orders_customer ON orders (customer);
ALTER TABLE orders ADD CONSTRAINT orders_customer_key FOREIGN KEY (customer) REFERENCES customers (id);
"""

POSTGRESQL = """
INSERT INTO customers SELECT i, 'customer ' || i, repeat('note ', i % 7) FROM generate_series(1, {customers}) AS i;
INSERT INTO orders
    SELECT i, i % {customers} + 1, {payload}, i * 17 % 1000000 / 100.0,
        timestamp '2026-01-01' + i % 31536000 * interval '1 second'
    FROM generate_series(1, {rows}) AS i;
"""
MYSQL = """
INSERT INTO customers {with_customers} SELECT i, CONCAT('customer ', i), REPEAT('note ', i % 7) FROM {from_customers};
INSERT INTO orders {with_rows}
    SELECT i, i % {customers} + 1, {payload}, i * 17 % 1000000 / 100,
        timestamp '2026-01-01 00:00:00' + INTERVAL i % 31536000 SECOND
    FROM {from_rows};
"""
COUNT_UP = "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < {rows})"


def load_bulk(server: Server, dbname: str, *, rows: int = 100_000, payload: int = 200) -> None:
    """Create `dbname` with `rows` orders of rows / 10 customers; half of each `payload` cannot be compressed.

    The same arguments give the same rows on every server and in every run.
    """
    customers = max(rows // 10, 1)
    server.create_database(dbname)
    if isinstance(server, PostgresServer):
        script = POSTGRESQL.format(
            rows=rows, customers=customers, payload=_payload(payload, "encode(sha256((i || '{n}')::bytea), 'hex')")
        )
    else:
        assert isinstance(server, MysqlFamilyServer)
        script = _mysql(server, rows, customers, _payload(payload, "SHA2(CONCAT(i, '{n}'), 256)"))
    server.execute_script((TABLES + script + KEYS).encode(), dbname)
    if isinstance(server, PostgresServer):
        server.query("ANALYZE", database=dbname)


def _payload(size: int, digest: str) -> str:
    """An SQL expression for `size` characters, half of them digits that look random."""
    pieces = [digest.format(n=n) for n in range(-(-size // 2 // PIECE))]
    return f"LEFT(CONCAT({', '.join([*pieces, _words(size)])}), {size})"


def _words(size: int) -> str:
    return f"REPEAT('all work and no play ', {size // 20 + 1})"


def _mysql(server: MysqlFamilyServer, rows: int, customers: int, payload: str) -> str:
    numbers = {}
    for name, count in (("rows", rows), ("customers", customers)):
        if server.flavour == "mariadb":
            numbers[f"with_{name}"], numbers[f"from_{name}"] = "", f"(SELECT seq AS i FROM seq_1_to_{count}) AS numbers"
        else:
            numbers[f"with_{name}"], numbers[f"from_{name}"] = COUNT_UP.format(rows=count), "numbers"
    script = MYSQL.format(customers=customers, payload=payload, **numbers)
    depth = f"SET SESSION cte_max_recursion_depth = {rows + 1};" if server.flavour == "mysql" else ""
    return f"SET SESSION time_zone = '+00:00'; {depth} {script}"
