#!/bin/sh
# Copyright (c) 2026, vya.backupdb contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

#
# Make the two images of a Debian suite: the base, and the base with servers.
# Usage: build_image.sh SUITE BASE_IMAGE SERVER_IMAGE "BASE PACKAGES" "SERVER PACKAGES"

set -eu

suite=$1 base=$2 image=$3 base_packages=$4 server_packages=$5
work=$(mktemp -d "${TMPDIR:-/var/tmp}/fleet-image.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The key of the account deploy is mounted where sshd looks for it, so that an image holds none.
cat > "$work/customize" <<'END'
#!/bin/sh
set -eu
chroot "$1" useradd --create-home --shell /bin/bash deploy
echo 'deploy ALL=(ALL) NOPASSWD: ALL' > "$1/etc/sudoers.d/deploy"
mkdir -p "$1/etc/ssh/sshd_config.d"
printf '%s\n' 'AuthorizedKeysFile /etc/ssh/authorized_keys/%u' 'PasswordAuthentication no' 'UseDNS no' \
    > "$1/etc/ssh/sshd_config.d/fleet.conf"
# systemd from 258 on knows cgroup v2 only. Where the machine shows v1, the container mounts v2 for itself.
cat > "$1/usr/local/sbin/start-fleet" <<'START'
#!/bin/sh
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    umount -R /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec /sbin/init
START
chmod 755 "$1/usr/local/sbin/start-fleet"
END
chmod 755 "$work/customize"

if ! podman image exists "$base"; then
    # The lists of packages stay: a host that installs something need not fetch them first. sid's release file may be
    # older than it says it may be, where the archive is a snapshot.
    mmdebstrap --quiet --variant=minbase --include="$(echo "$base_packages" | tr ' ' ',')" --skip=cleanup/apt/lists \
        --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' \
        --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' --customize-hook="$work/customize" "$suite" "$work/root.tar"
    podman import --quiet "$work/root.tar" "$base"
    rm "$work/root.tar"
fi

podman image exists "$image" && exit
mkdir "$work/context"
cat > "$work/Containerfile" <<END
FROM $base
ENV LANG=C.UTF-8
RUN DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends $server_packages \
    && apt-get clean
END
podman build --quiet --isolation chroot --runtime runc --tag "$image" --file "$work/Containerfile" "$work/context"
