# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas of well-known applications as their authors wrote them: tests/tools/fetch_schemas.py gets them from Debian.

A database that was loaded from a dump holds text that a server has printed before. These hold what people wrote: casts
that are implied, expressions with a parenthesis less, names in any case.
"""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path

from .server import Server

FOLDER = Path(__file__).resolve().parents[3] / ".build" / "schemas"


@dataclasses.dataclass(frozen=True)
class Schema:
    """`files`: globs below a package's root, in the order in which the authors load them; `before`: SQL that their
    instructions want first; `but`: kinds of servers that refuse the scripts themselves, or lack an extension."""

    name: str
    files: tuple[str, ...]
    before: str = ""
    but: tuple[str, ...] = ()

    def scripts(self) -> list[bytes]:
        """The content of each file. AssertionError when a glob finds none: nothing is left out without a word."""
        found: list[bytes] = []
        for pattern in self.files:
            paths = sorted(FOLDER.glob(pattern))
            assert paths, f"{self.name}: there is nothing at {FOLDER / pattern}; run tests/tools/fetch_schemas.py"
            for path in paths:
                content = path.read_bytes()
                found.append(gzip.decompress(content) if path.suffix == ".gz" else content)
        return found

    def load(self, server: Server, database: str) -> None:
        """Run the scripts with the server's stock client."""
        server.create_database(database)
        if self.before:
            server.execute_script(self.before.encode(), database)
        for script in self.scripts():
            server.execute_script(script, database)


NO_PGCRYPTO = ("pg18",)
# Invalid defaults, keys that are too long or not unique, functions that are gone.
TOO_NEW = ("mysql9",)

POSTGRESQL = (
    Schema("davical", (
        "libawl-php/usr/share/awl/dba/awl-tables.sql",
        "libawl-php/usr/share/awl/dba/schema-management.sql",
        "davical/usr/share/davical/dba/davical.sql",
        "davical/usr/share/davical/dba/rrule_functions.sql",
        "davical/usr/share/davical/dba/caldav_functions.sql",
        "davical/usr/share/davical/dba/base-data.sql",
        "davical/usr/share/davical/dba/views/*.sql",
    )),
    Schema("ejabberd", ("ejabberd/usr/share/ejabberd/sql/pg.sql",)),
    Schema("ejabberd_new", ("ejabberd/usr/share/ejabberd/sql/pg.new.sql",)),
    Schema("freeradius", (
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/main/postgresql/schema.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/ippool/postgresql/schema.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/ippool/postgresql/procedure.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/cui/postgresql/schema.sql",
    )),
    Schema("glewlwyd", (
        "glewlwyd/usr/share/doc/glewlwyd/database/init.postgre.sql.gz",
    ), "CREATE EXTENSION pgcrypto", NO_PGCRYPTO),
    Schema("goiardi", ("goiardi/usr/share/goiardi/sql-files/sql-files/goiardi-schema-postgres.sql",)),
    Schema("homer", (
        "homer-api/usr/share/homer/sql/postgres/schema_configuration.sql",
        "homer-api/usr/share/homer/sql/postgres/schema_statistic.sql",
        "homer-api/usr/share/homer/sql/postgres/schema_data.sql",
    ), "CREATE EXTENSION pgcrypto; CREATE ROLE homer_user", NO_PGCRYPTO),
    Schema("icinga_ido", ("icinga2-ido-pgsql/usr/share/icinga2-ido-pgsql/schema/pgsql.sql",)),
    Schema("icingadb", ("icingadb/usr/share/icingadb/schema/pgsql/schema.sql",), "CREATE EXTENSION citext"),
    Schema("icingaweb2", ("icingaweb2/usr/share/icingaweb2/schema/pgsql.schema.sql",)),
    Schema("icinga_director", (
        "icingaweb2-module-director/usr/share/icingaweb2/modules/director/schema/pgsql.sql",
    ), "CREATE EXTENSION pgcrypto", NO_PGCRYPTO),
    Schema("icinga_reporting", (
        "icingaweb2-module-reporting/usr/share/icingaweb2/modules/reporting/schema/postgresql.sql",
    )),
    Schema("kamailio", (
        "kamailio-postgres-modules/usr/share/kamailio/postgres/standard-create.sql",
        "kamailio-postgres-modules/usr/share/kamailio/postgres/[a-rt-z]*-create.sql",
    )),
    Schema("ledgersmb", ("ledgersmb/usr/share/ledgersmb/sql/Pg-database.sql",)),
    Schema("oar", (
        "oar-server/usr/lib/oar/database/pg_structure.sql",
        "oar-server/usr/lib/oar/database/default_data.sql",
        "oar-server/usr/lib/oar/database/pg_default_admission_rules.sql",
    )),
    Schema("openqa", ("openqa/usr/share/openqa/dbicdh/PostgreSQL/deploy/98/001-auto.sql",)),
    Schema("osm_api", ("osmosis/usr/share/doc/osmosis/examples/contrib/apidb_0.6.sql",)),
    Schema("powerdns", ("pdns-backend-pgsql/usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql",)),
    Schema("prelude", ("libpreludedb7-pgsql/usr/share/libpreludedb/classic/pgsql.sql",)),
    Schema("pubsub", ("libervia-pubsub/usr/share/libervia/sat_pubsub/db/pubsub.sql",)),
    Schema("roundcube", ("roundcube-core/usr/share/roundcube/SQL/postgres.initial.sql",)),
    Schema("sabre_dav", ("php-sabre-dav/usr/share/doc/php-sabre-dav/examples/sql/pgsql.*.sql",)),
    Schema("spamassassin", ("spamassassin/usr/share/doc/spamassassin/sql/*_pg.sql",)),
    Schema("sql_ledger", (
        "sql-ledger/usr/share/sql-ledger/sql/Pg-tables.sql",
        "sql-ledger/usr/share/sql-ledger/sql/Pg-indices.sql",
        "sql-ledger/usr/share/sql-ledger/sql/Pg-functions.sql",
        "sql-ledger/usr/share/sql-ledger/sql/Canada-English_General-chart.sql",
    )),
    Schema("tt_rss", ("tt-rss/usr/share/tt-rss/schema/ttrss_schema_pgsql.sql",)),
    Schema("ulogd", ("ulogd2/usr/share/doc/ulogd2/pgsql-ulogd2.sql.gz",)),
    Schema("w1retap", ("w1retap-doc/usr/share/doc/w1retap/mksenst.sql",)),
    Schema("zabbix", ("zabbix-server-pgsql/usr/share/zabbix-server-pgsql/schema.sql.gz",)),
)  # fmt: skip

MYSQL = (
    Schema("ejabberd", ("ejabberd/usr/share/ejabberd/sql/mysql.sql",)),
    Schema("ejabberd_new", ("ejabberd/usr/share/ejabberd/sql/mysql.new.sql",)),
    Schema("freeradius", (
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/main/mysql/schema.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/ippool/mysql/schema.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/ippool/mysql/procedure.sql",
        "freeradius-config/etc/freeradius/3.0/mods-config/sql/cui/mysql/schema.sql",
    ), but=TOO_NEW),
    Schema("gammu", ("gammu-smsd/usr/share/doc/gammu-smsd/examples/mysql.sql",)),
    Schema("glewlwyd", ("glewlwyd/usr/share/doc/glewlwyd/database/init.mariadb.sql.gz",), but=TOO_NEW),
    Schema("homer", (
        "homer-api/usr/share/homer/sql/schema_configuration.sql",
        "homer-api/usr/share/homer/sql/schema_statistic.sql",
        "homer-api/usr/share/homer/sql/schema_data.sql",
    ), but=TOO_NEW),
    Schema("icinga_ido", ("icinga2-ido-mysql/usr/share/icinga2-ido-mysql/schema/mysql.sql",)),
    Schema("icingadb", ("icingadb/usr/share/icingadb/schema/mysql/schema.sql",)),
    Schema("icingaweb2", ("icingaweb2/usr/share/icingaweb2/schema/mysql.schema.sql",)),
    Schema("icinga_director", (
        "icingaweb2-module-director/usr/share/icingaweb2/modules/director/schema/mysql.sql",
    ), but=TOO_NEW),
    Schema("icinga_reporting", (
        "icingaweb2-module-reporting/usr/share/icingaweb2/modules/reporting/schema/mysql.sql",
    )),
    Schema("kamailio", (
        "kamailio-mysql-modules/usr/share/kamailio/mysql/standard-create.sql",
        "kamailio-mysql-modules/usr/share/kamailio/mysql/[a-hj-rt-tv-z]*-create.sql",
    )),
    Schema("kraft", (
        "kraft/usr/share/kraft/dbinit/mysql/create_schema.sql",
        "kraft/usr/share/kraft/dbinit/mysql/fill_schema_en.sql",
    )),
    Schema("ocsinventory", ("ocsinventory-reports/usr/share/ocsinventory-reports/files/ocsbase.sql",)),
    Schema("powerdns", ("pdns-backend-mysql/usr/share/pdns-backend-mysql/schema/schema.mysql.sql",)),
    Schema("prelude", ("libpreludedb7-mysql/usr/share/libpreludedb/classic/mysql.sql",)),
    Schema("roundcube", ("roundcube-core/usr/share/roundcube/SQL/mysql.initial.sql",)),
    Schema("sabre_dav", ("php-sabre-dav/usr/share/doc/php-sabre-dav/examples/sql/mysql.*.sql",)),
    Schema("spamassassin", ("spamassassin/usr/share/doc/spamassassin/sql/*_mysql.sql",)),
    Schema("tt_rss", ("tt-rss/usr/share/tt-rss/schema/ttrss_schema_mysql.sql",)),
    Schema("ulogd", ("ulogd2/usr/share/doc/ulogd2/mysql-ulogd2.sql.gz",)),
    Schema("w1retap", ("w1retap-doc/usr/share/doc/w1retap/mksenst-mysql.sql",)),
    Schema("zabbix", ("zabbix-server-mysql/usr/share/zabbix-server-mysql/schema.sql.gz",)),
)  # fmt: skip


def schemas_for(kind: str, engine: str) -> list[Schema]:
    """What a server of this kind can hold."""
    return [schema for schema in {"postgresql": POSTGRESQL, "mysql": MYSQL}[engine] if kind not in schema.but]


__all__ = ["FOLDER", "Schema", "schemas_for"]
