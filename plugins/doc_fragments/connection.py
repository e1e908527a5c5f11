# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Which server, and how to log in."""

    DOCUMENTATION = r"""
options:
  engine:
    description:
      - The kind of database server.
      - V(mysql) is for MySQL and MariaDB; the server tells which of the two it is.
    type: str
    required: true
    choices: [mysql, postgresql]
  instance:
    description:
      - The label of this database server on its host. Backups of two servers on one host need two labels.
    type: str
    default: main
  login_host:
    description:
      - The name or address of the server.
      - Without it and without O(login_unix_socket) the client library's own default is used, which is a server on this
        host.
    type: str
  login_port:
    description:
      - The port of the server. The default is the engine's.
    type: int
  login_user:
    description:
      - The account to log in with.
      - The default is the client library's, which is the name of the operating system user that the task runs as.
    type: str
  login_password:
    description:
      - The password of the account.
      - It is handed to the client tools in memory. It is never an argument, an environment variable or a file on a
        disk.
    type: str
  login_unix_socket:
    description:
      - Connect through this Unix socket. It takes precedence over O(login_host) and O(login_port).
      - For PostgreSQL the folder that holds the socket, or the socket itself. For MySQL and MariaDB the socket itself.
    type: path
  login_config_file:
    description:
      - A file on the managed host that holds the login.
      - For MySQL and MariaDB an option file, whose C([client]) section is read. For PostgreSQL a password file
        (C(.pgpass)).
      - Options of the task take precedence over what the file says.
    type: path
  tls_mode:
    description:
      - Whether the connection is encrypted, and what is checked.
      - V(prefer) encrypts when the server can. V(require) refuses a connection without encryption. V(verify-ca) also
        checks that the server's certificate was issued by O(ca_cert), V(verify-full) also that it was issued for the
        server's name. V(disable) does not encrypt.
      - It is of no effect on connections through a Unix socket.
    type: str
    default: prefer
    choices: [prefer, require, verify-ca, verify-full, disable]
  ca_cert:
    description:
      - A file on the managed host with the certificates of authorities that are trusted, in PEM format.
    type: path
  client_cert:
    description:
      - A file on the managed host with the client's certificate, in PEM format.
    type: path
  client_key:
    description:
      - A file on the managed host with the secret key of O(client_cert), in PEM format.
    type: path
  connect_timeout:
    description:
      - How many seconds to wait for the server when connecting.
    type: int
    default: 30
"""
