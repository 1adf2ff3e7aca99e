# What the tests of a crowd of clients share, to be sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

CLIENTS=${CLIENTS:-256}
SESSIONS=8                      # of each client; and of the token, altogether
AUDIT=${SANDBOX:-}/state/audit.log

# A PIN file must belong to who reads it.
install -m 600 "$TOKEN_PIN_FILE" "$SCRATCH/pin"
export TOKEN_PIN_FILE=$SCRATCH/pin

load()
{
    LIMIT=$((LIMIT + ${LOAD_SECONDS:-10})) client env OPENSSL_CONF=/dev/null "$PROGRAMS/many-clients" "$@"
}

# A token that allows 8 sessions, and the keys that the load works with.
prepare()
{
    sed -i "s/^label = .*/&\nmax-sessions = $SESSIONS/" "$SANDBOX/conf/strongroomd.conf"
    need "strongroomd with a token of $SESSIONS sessions" plainly "$SANDBOX/start-daemon"
    need "the token's keys" load --make-keys
}

daemon()
{
    cat "$SANDBOX/daemon.pid"
}

# Of the daemon's process: Threads, VmRSS, RssAnon (kB).
figure()
{
    awk -v name="$1:" '$1 == name { print $2 }' "/proc/$(daemon)/status"
}

descriptors()
{
    find "/proc/$(daemon)/fd" -mindepth 1 -maxdepth 1 | wc -l
}

# Who asks is the only client there is.
alone()
{
    client "$BUILD/bin/strongroom" status | grep -q 'clients: 1, connections: 1$'
}

# number NAME: of the load's report.
number()
{
    sed -n "s/^$1: //p" "$OUTPUT"
}

# at_most WHAT NUMBER MOST
at_most()
{
    if [ -n "$2" ] && [ "$2" -le "$3" ]; then
        ok "$1: $2, of at most $3"
    else
        not_ok "$1: ${2:-none}, where at most $3 were wanted"
    fi
}

audit_verifies()
{
    client_as "$(stat -c %U "$AUDIT")" "$BUILD/bin/strongroom" audit verify "$AUDIT"
}
