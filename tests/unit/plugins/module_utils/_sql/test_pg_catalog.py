# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's catalogs, some of which all databases share: nothing writes there, however it is written."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._sql.rules import RefusedError
from ansible_collections.vya.backupdb.tests.unit.plugins.module_utils._sql.through_rules import NAMES, PG15, through

VIEW = "CREATE VIEW s.v AS SELECT * FROM pg_authid; "
WRITES = [
    "UPDATE ONLY (pg_authid) SET rolsuper = true",
    'UPDATE ONLY"pg_authid" SET rolsuper = true',
    "UPDATE ONLY/**/pg_catalog.pg_authid SET rolsuper = true",
    "UPDATE only pg_authid SET rolsuper = true",
    "DELETE FROM ONLY (pg_catalog.pg_authid)",
    "DELETE FROM ONLY pg_authid",
    "WITH x AS (UPDATE ONLY (pg_authid) SET rolsuper = true RETURNING 1) SELECT 1",
    "WITH x AS (DELETE FROM ONLY ( pg_catalog . pg_authid) RETURNING 1) SELECT 1",
    "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM ONLY (pg_authid)",
    "TRUNCATE pg_shdescription",
    "TRUNCATE TABLE t, ONLY (pg_catalog.pg_shdescription) CASCADE",
    "TRUNCATE t *, pg_shdescription",
    "ALTER TABLE pg_authid ADD x int",
    "ALTER TABLE IF EXISTS ONLY pg_authid ADD x int",
    "ALTER INDEX pg_authid_oid_index SET (fillfactor = 50)",
    "DROP TABLE IF EXISTS t, pg_authid",
    "LOCK TABLE pg_authid IN ACCESS EXCLUSIVE MODE",
    "LOCK t, ONLY pg_authid",
    "REINDEX (VERBOSE) TABLE CONCURRENTLY pg_authid",
    "CLUSTER pg_authid USING pg_authid_oid_index",
    VIEW + "UPDATE s.v SET rolsuper = true",
    VIEW + "UPDATE v SET rolsuper = true",
    VIEW + "CREATE OR REPLACE TEMP VIEW w AS SELECT * FROM s.v; DELETE FROM w",
    VIEW + "ALTER VIEW s.v RENAME TO w; LOCK TABLE w",
    VIEW + "ALTER TABLE s.v SET SCHEMA x; UPDATE x.v SET rolsuper = true",
    VIEW + "ALTER SCHEMA s RENAME TO x; UPDATE x.v SET rolsuper = true",
    "DELETE FROM v; CREATE RULE r AS ON SELECT TO v DO INSTEAD SELECT * FROM pg_authid; DELETE FROM v",
    "CREATE SCHEMA s CREATE VIEW v AS SELECT * FROM pg_authid; UPDATE s.v SET rolsuper = true",
]


@pytest.mark.parametrize("sql", WRITES)
@pytest.mark.parametrize("known", [True, False])
def test_nothing_writes_into_the_catalog(sql: str, known: bool) -> None:
    server = PG15 if known else dataclasses.replace(PG15, catalog=frozenset())
    with pytest.raises(RefusedError) as caught:
        through(server, f"{sql};")
    assert caught.value.rule.name == NAMES["PG_CATALOG"]


# As pg_dump wrote it before 2018: names without their schema.
OWN = [
    "CREATE TABLE pg_search_documents (id integer)",
    "COPY pg_search_documents (id) FROM stdin",
    "\\.",
    "INSERT INTO pg_search_documents VALUES (1)",
    "UPDATE ONLY pg_search_documents SET id = 1",
    "DELETE FROM ONLY pg_search_documents",
    "WITH x AS (DELETE FROM pg_search_documents RETURNING 1) SELECT 1",
    "ALTER TABLE ONLY pg_search_documents ADD CONSTRAINT pg_search_documents_pkey PRIMARY KEY (id)",
    "LOCK TABLE mine.pg_class",
    "CREATE VIEW monitor.v AS SELECT relname FROM pg_class",
    "ALTER TABLE monitor.v OWNER TO here",
    "GRANT SELECT ON TABLE pg_catalog.pg_authid TO here",
    "DROP VIEW monitor.v",
    "INSERT INTO public.v VALUES (1)",
    "CREATE TRIGGER a BEFORE INSERT OR UPDATE ON pg_search_documents FOR EACH ROW EXECUTE FUNCTION pg_class()",
]


def test_tables_that_are_named_like_the_catalog() -> None:
    sql = "".join(f"{line}{'' if line.startswith(chr(92)) else ';'}\n" for line in OWN)
    assert through(PG15, sql)[0] == OWN


@pytest.mark.parametrize("sql", ["UPDATE ONLY", "DELETE FROM ONLY", "INSERT INTO", "UPDATE ONLY t"])
def test_a_write_into_nothing_is_refused(sql: str) -> None:
    with pytest.raises(RefusedError, match="of no table"):
        through(PG15, f"{sql};")
