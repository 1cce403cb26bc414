#!/bin/sh
# Makes .venv ready: hashed requirements, the project itself (editable), everything compiled.
# Needs Python 3.11 or newer and nothing else; when nothing has changed it does nothing.
# Narrates on stderr. Exit codes: 0 ready, 3 this machine lacks something, and it says what to type.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
stamp=$venv/ready-for
log=$venv/setup.log
needs='3, 11'
system_python=${SYSTEM_PYTHON:-/usr/bin/python3}
what="$PWD $(cat requirements/*.txt requirements/bootstrap.sh pyproject.toml hatch_build.py | cksum)"

if [ -x $venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$what" ]; then exit 0; fi

say() { echo "setup  $*" >&2; }
now() { date +%s; }
base_of() { "$1" -c 'import sys; print(sys.base_prefix, sys.version_info[:2])' 2>/dev/null; }
new_enough() { "$1" -c "import sys; sys.exit(sys.version_info < ($needs))" >/dev/null 2>&1; }

# The interpreter: $PYTHON if it is set; else the system's, which a distribution compiles with profiles (on a
# plain build a lab takes a tenth more CPU); else python3, or the newest by name. Shims may not run.
find_python() {
    python=${PYTHON:-$system_python}
    if new_enough "$python" && { [ -n "${PYTHON:-}" ] || "$python" -c 'import ensurepip' >/dev/null 2>&1; }; then
        return
    fi
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if new_enough "$python"; then return; fi
    done
    say "Incident Lab needs Python 3.11 or newer; python3 here is: $(python3 --version 2>&1 || true)"
    say "next:  install python3.11 or newer so that it is on PATH, then run the same command again"
    exit 3
}

# uv does not read pip's configuration (company indexes, certificates, proxies). Where there is one,
# and none for uv, pip does the work.
pip_is_configured() {
    [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX:-}${UV_INDEX_URL:-}${UV_FIND_LINKS:-}${UV_CONFIG_FILE:-}" ] || return 1
    for file in "${XDG_CONFIG_HOME:-$HOME/.config}/uv/uv.toml" /etc/uv/uv.toml; do
        [ ! -f "$file" ] || return 1
    done
    if env | grep -qE '^PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|PROXY|CLIENT_CERT|CERT)='; then
        return 0
    fi
    [ "${PIP_CONFIG_FILE:-}" != /dev/null ] || return 1 # as for pip: read no file at all
    for file in "${PIP_CONFIG_FILE:-}" /etc/pip.conf /etc/xdg/pip/pip.conf "$HOME/.pip/pip.conf" \
        "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" "$HOME/Library/Application Support/pip/pip.conf"; do
        if [ -f "$file" ]; then return 0; fi
    done
    return 1
}

has_uv() { uv --version >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

make_venv() {
    "$python" -m venv --clear $venv >/dev/null 2>&1
}

# Debian splits venv's other half into a package of its own.
install_venv_package() {
    command -v apt-get >/dev/null 2>&1 && as_root true 2>/dev/null || return 1
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "installing the Debian package python$version-venv"
    as_root env DEBIAN_FRONTEND=noninteractive sh -c "
        get='apt-get -qq -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0'
        add=\"\$get install -y --no-install-recommends python$version-venv\"
        \$add 2>/dev/null || { \$get update && \$add; }" >/dev/null </dev/null
}

# Leaves .venv with an interpreter, and in $with who installs into it: pip or uv.
environment() {
    if [ "$(base_of $venv/bin/python)" = "$(base_of "$python")" ] && grep -qsF "$PWD/$venv" $venv/bin/activate; then
        with=pip
        $venv/bin/python -m pip --version >/dev/null 2>&1 || with=uv
        if [ $with = pip ] || has_uv; then return; fi
    fi
    if has_uv && ! pip_is_configured; then
        with=uv
        uv venv --quiet --clear --no-project --python "$python" $venv >&2 && return
    fi
    with=pip
    if make_venv; then return; fi
    if "$python" -m pip --version >/dev/null 2>&1 && "$python" -m venv --clear --without-pip $venv 2>/dev/null; then
        with="pip of the system"
        return
    fi
    if install_venv_package && make_venv; then return; fi
    if has_uv && uv venv --quiet --clear --no-project --python "$python" $venv >&2; then
        with=uv
        say "warning: pip is configured here and cannot be used; uv does not read its configuration"
        return
    fi
    rm -rf $venv
    say "this Python can make no virtual environment: its venv module lacks ensurepip, and there is no uv"
    say "next:  sudo apt-get install python3-venv     (Debian, Ubuntu; or install uv)"
    say "       then run the same command again"
    exit 3
}

# $1: seconds since the epoch at the start; stdin: what pip or uv says. Shows that something happens.
progress() {
    seen=0
    shown=$1
    while read -r line; do
        echo "$line" >>$log
        case $line in Collecting\ *) seen=$((seen + 1)) ;; *) continue ;; esac
        if [ $(($(now) - shown)) -ge 5 ]; then
            shown=$(now)
            say "    $seen of about $packages, $((shown - $1)) s"
        fi
    done
}

# Runs a command with its output in the log; when it fails, shows the end of that and leaves.
logged() {
    began=$(now)
    { "$@" 2>&1 </dev/null || echo $? >$venv/failed; } | progress "$began"
    if [ -f $venv/failed ]; then
        rm $venv/failed
        tail -n 15 $log >&2
        say "failed: $*"
        say "next:  see $PWD/$log; then run the same command again, it goes on from here"
        exit 3
    fi
}

install() {
    case $with in
    uv) logged uv pip install --python $venv/bin/python "$@" ;;
    pip) logged $venv/bin/python -m pip install --disable-pip-version-check --no-input --no-compile "$@" ;;
    *) logged "$python" -m pip --python $venv/bin/python install --disable-pip-version-check --no-input --no-compile "$@" ;;
    esac
}

# Without .pyc files a stack starts seconds later, and PYTHONDONTWRITEBYTECODE may be set here.
# Those of the services follow their content: they are copied about. A file that does not compile is
# some package's template; several processes need semaphores, which not every machine has.
compile() {
    for processes in 0 1; do
        if $venv/bin/python -m compileall -q -j $processes $venv/lib src &&
            $venv/bin/python -m compileall -q -j $processes --invalidation-mode checked-hash services; then
            return
        fi >>$log 2>&1
    done
}

start=$(now)
find_python
mkdir -p $venv
rm -f $stamp $venv/failed
environment
: >$log
packages=$(grep -c '==' requirements/dev.txt)
if [ -z "${SSL_CERT_FILE:-}" ]; then export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1; fi

say "$("$python" --version) and $with; once, about a minute"
say "1 of 3  $packages packages, each checked against its hash"
install --require-hashes -r requirements/dev.txt
say "2 of 3  labctl itself ($(($(now) - start)) s so far)"
install --no-deps --no-build-isolation --no-index -e .
say "3 of 3  compiling ($(($(now) - start)) s so far)"
compile
echo "$what" >$stamp
say "ready in $(($(now) - start)) s"
