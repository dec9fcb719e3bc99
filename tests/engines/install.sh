#!/bin/sh
# Installs the engines that `make test-engines` tests with: SLURM with its accounting from Debian, where it is not
# installed yet (as root), and Ray and submitit by pip, into an environment of their own, .venv-engines.
#
# No service of the system is started: the tests start daemons of their own, in a passing folder.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-.venv/bin/python}
engines=.venv-engines

missing=
for program in slurmctld:slurm-wlm slurmdbd:slurmdbd munged:munge mariadbd:mariadb-server; do
    PATH="$PATH:/usr/sbin:/sbin" command -v "${program%%:*}" >/dev/null || missing="$missing ${program##*:}"
done
if test -n "$missing"; then
    if ! command -v apt-get >/dev/null || test "$(id -u)" != 0; then
        echo "The engines' tests need$missing. As root on Debian or Ubuntu: apt-get install$missing" >&2
        exit 2
    fi
    echo "Installing$missing..."
    policy=/usr/sbin/policy-rc.d # what it forbids, packages do not start
    if ! test -e "$policy"; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    apt-get update -qq
    # shellcheck disable=SC2086 # several packages
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if ! test -e "$engines/ready" || test requirements-engines.lock -nt "$engines/ready"; then
    echo "Making the environment of the engines (once, about a minute)..."
    rm -rf "$engines"
    "$python" -m venv "$engines"
    install="$engines/bin/python -m pip install -qq --disable-pip-version-check"
    $install --require-hashes -r requirements-build.lock
    $install --require-hashes --no-build-isolation --no-deps -r requirements-engines.lock
    $install --no-deps --no-build-isolation -e .
    touch "$engines/ready"
fi
