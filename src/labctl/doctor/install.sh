#!/bin/sh
# As root, on Debian and Ubuntu: installs packages, and leaves the machine otherwise as it was. No
# service is started or will start at the next boot, and no database cluster is made.
#   install.sh PACKAGE ...
set -eu
root=${LABCTL_INSTALL_ROOT:-} # tests have their own
policy=$root/usr/sbin/policy-rc.d
cluster=$root/etc/postgresql-common/createcluster.conf
template=$root/usr/share/postgresql-common/createcluster.conf
mark="# written by labctl doctor --fix, which takes it away again"

ours() { grep -qsF "$mark" "$1"; } # a killed run may have left one

tidy() {
    if ours "$policy"; then rm -f "$policy"; fi
    if ours "$cluster"; then
        if [ -f "$template" ]; then cp "$template" "$cluster"; else rm -f "$cluster"; fi
    fi
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

get() {
    DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 \
        -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# Debian enables what it installs; only what came with this run is turned off again.
leave_off() {
    for unit in $(dpkg -L "$1" | sed -n 's|^.*/systemd/system/\([^@/]*\.service\)$|\1|p' | sort -u); do
        if command -v systemctl >/dev/null; then
            systemctl disable "$unit" || true
        elif [ -e "$root/etc/init.d/${unit%.service}" ]; then
            update-rc.d "${unit%.service}" disable || true
        fi
    done
}

mkdir -p "$root/run/lock"
exec 9>"$root/run/lock/incident-lab-doctor"
flock 9
trap tidy EXIT
trap 'exit 130' INT TERM
trap '' HUP PIPE

new=
for package in "$@"; do
    if ! installed "$package"; then new="$new $package"; fi
done
tidy
if [ ! -e "$policy" ]; then
    printf '%s\n' '#!/bin/sh' "$mark" 'exit 101' >"$policy"
    chmod 755 "$policy"
fi
if ! installed postgresql-common && [ ! -e "$cluster" ]; then
    mkdir -p "${cluster%/*}"
    printf '%s\n' "$mark" 'create_main_cluster = false' >"$cluster"
fi

get install -y --no-install-recommends "$@" || {
    get update
    get install -y --no-install-recommends "$@"
}
for package in $new; do leave_off "$package"; done
