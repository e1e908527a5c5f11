# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipients and identities: what is accepted, what is refused, and that no secret is ever repeated."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.vya.backupdb.plugins.module_utils._codec import bech32
from ansible_collections.vya.backupdb.plugins.module_utils._codec.age import (
    AgeReader,
    AgeWriter,
    IdentityError,
    RecipientError,
    generate_identity,
    parse_identities,
    parse_recipient,
)
from ansible_collections.vya.backupdb.plugins.module_utils._errors import BackupError
from hypothesis import given
from hypothesis import strategies as st

# The pair that the specification prints.
SECRET = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
RECIPIENT = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"


def test_the_pair_of_the_specification() -> None:
    (identity,) = parse_identities(SECRET)
    assert identity.recipient == RECIPIENT
    assert identity.secret == b"\x42" * 32
    assert parse_recipient(f" {RECIPIENT}\n").public == identity.public


def test_generated_pairs_belong_together_and_differ() -> None:
    pairs = {generate_identity() for dummy in range(3)}
    assert len(pairs) == 3
    for secret, recipient in pairs:
        assert [identity.recipient for identity in parse_identities(secret)] == [recipient]
        assert parse_recipient(recipient).text == recipient


def test_an_identity_file_with_everything_in_it() -> None:
    other, other_recipient = generate_identity()
    text = f"# created: today\r\n# public key: {RECIPIENT}\r\n\r\n  {SECRET} \r\n# and\n\n{other}"
    assert [identity.recipient for identity in parse_identities(text)] == [RECIPIENT, other_recipient]


def test_secrets_are_not_shown() -> None:
    (identity,) = parse_identities(SECRET)
    assert RECIPIENT in repr(identity)
    for shown in (repr(identity), str([identity]), repr(AgeReader([identity]))):
        assert SECRET not in shown
        assert repr(identity.secret) not in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsK", "is an SSH public key"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ", "is an SSH public key"),
        (bech32.encode("age1pq", bytes(1216)), "is a post-quantum"),
        (bech32.encode("age1tag", bytes(33)), "is a tagged recipient"),
        (bech32.encode("age1yubikey", bytes(33)), "belongs to the age plugin 'yubikey'"),
        (RECIPIENT.upper(), "is no X25519 recipient"),
        (bech32.encode("age", bytes(31)), "is no X25519 recipient"),
        (bech32.encode("bc", bytes(32)), "is no X25519 recipient"),
        (RECIPIENT[:-1] + "q", "its checksum is wrong"),
        (RECIPIENT[:-1], "its checksum is wrong"),
        (RECIPIENT[:20] + RECIPIENT[20:].upper(), "mixes upper and lower case"),
        (RECIPIENT[:30] + "é" + RECIPIENT[31:], "does not belong there"),
        (RECIPIENT + " # ops", "does not belong there"),
        ("\x7f1" + RECIPIENT[4:], "does not belong there"),
        ("age1", "too short"),
        ("1" + RECIPIENT[4:], "too short"),
        ("", "too short"),
        ("ops@example.com", "too short"),
    ],
)
def test_unusable_recipients(text: str, message: str) -> None:
    with pytest.raises(RecipientError) as caught:
        parse_recipient(text)
    assert message in str(caught.value)
    with pytest.raises(RecipientError):
        AgeWriter([RECIPIENT, text])


def test_a_padding_that_is_not_zero() -> None:
    words = [bech32._VALUES[char] for char in RECIPIENT[4:-6]]
    words[-1] |= 1
    check = bech32._polymod([*bech32._expand("age"), *words, *[0] * 6]) ^ 1
    words += [check >> shift & 31 for shift in range(25, -1, -5)]
    with pytest.raises(RecipientError, match="padding"):
        parse_recipient("age1" + "".join(bech32._CHARSET[word] for word in words))


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET.lower(),
        SECRET[:-1],
        f"# a file\n{SECRET}",
        bech32.encode("age-secret-key-pq-", b"\x42" * 32),
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{SECRET}",
        "AGE-PLUGIN-YUBIKEY-1QQPSYQVZ5G3T5V",
    ],
)
def test_a_secret_given_as_a_recipient_is_not_repeated(text: str) -> None:
    with pytest.raises(RecipientError) as caught:
        parse_recipient(text)
    assert str(caught.value) == "A secret key was given as a recipient. Give the recipient that belongs to it."


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (SECRET[:-1] + "Q", "malformed: its checksum is wrong"),
        (SECRET[:-2], "malformed: its checksum is wrong"),
        (SECRET[:40] + SECRET[40:].lower(), "malformed: it mixes"),
        (SECRET[:40] + "!" + SECRET[41:], "malformed: it holds a character"),
        (SECRET.lower(), "is no X25519 identity"),
        (bech32.encode("age-secret-key-", b"\x42" * 31).upper(), "is no X25519 identity"),
        (bech32.encode("age-secret-key-pq-", b"\x42" * 32).upper(), "is a post-quantum"),
        (bech32.encode("age-plugin-yubikey-", b"\x42" * 32).upper(), "is an identity of a plugin"),
        ("-----BEGIN AGE ENCRYPTED FILE-----", "is the start of an encrypted identity file"),
        ("age-encryption.org/v1", "is the start of an encrypted identity file"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key in PEM format"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsK", "is an SSH public key"),
        (RECIPIENT, "is a recipient"),
        ("hunter2", "malformed"),
    ],
)
def test_unusable_identities_are_named_by_line_and_not_repeated(line: str, message: str) -> None:
    with pytest.raises(IdentityError) as caught:
        parse_identities(f"# one\n{SECRET}\n{line}\n")
    told = f"{caught.value} {caught.value.as_dict()!r}"
    assert "Line 3 of the identities" in told
    assert message in told
    for part in (SECRET[20:40], line[20:40] if len(line) >= 40 else line):
        assert part.lower() not in told.lower()
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_no_identity_at_all(text: str) -> None:
    with pytest.raises(IdentityError, match="No identity was given"):
        parse_identities(text)


@given(st.binary(max_size=80), st.from_regex(r"[a-z][a-z1-]{0,15}", fullmatch=True))
def test_bech32_round_trip(data: bytes, prefix: str) -> None:
    text = bech32.encode(prefix, data)
    assert bech32.decode(text) == (prefix, data)
    assert bech32.decode(text.upper()) == (prefix.upper(), data)


@given(st.integers(0, len(RECIPIENT) - 5), st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_a_mistyped_character_is_always_found(position: int, char: str) -> None:
    mistyped = RECIPIENT[: 4 + position] + char + RECIPIENT[5 + position :]
    if mistyped == RECIPIENT:
        assert parse_recipient(mistyped).text == RECIPIENT
    else:
        with pytest.raises(RecipientError):
            parse_recipient(mistyped)


def test_errors_are_backup_errors_with_a_stage() -> None:
    with pytest.raises(BackupError) as caught:
        parse_recipient("x")
    assert caught.value.as_dict()["stage"] == "encryption"


def test_importing_needs_no_cryptography() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from ansible_collections.vya.backupdb.plugins.module_utils._codec import age\n"
        f"assert age.parse_recipient('{RECIPIENT}').text == '{RECIPIENT}'\n"
        "try:\n    age.require_cryptography()\n"
        "except age.AgeError as exc:\n    print(exc)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "cryptography >= 3.3" in done.stdout
