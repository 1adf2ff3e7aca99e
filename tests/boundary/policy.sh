# What the tests of the policy share. Sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

CONF=$SANDBOX/conf/strongroomd.conf
cp "$CONF" "$SCRATCH/plain.conf"

# conf LINE... -- TEXT: the sandbox's configuration, with lines before its first section and sections at its end.
conf()
{
    local lines=''
    while [ "$1" != -- ]; do
        lines+=$1$'\n'
        shift
    done
    {
        printf '%s' "$lines"
        cat "$SCRATCH/plain.conf"
        printf '\n%s\n' "$2"
    } > "$SCRATCH/new.conf"
    cat "$SCRATCH/new.conf" > "$CONF"
}

# The log's lines since the last mark.
log_since_mark()
{
    tail -n "+$((mark + 1))" "$SANDBOX/daemon.log"
}

mark_log()
{
    mark=$(wc -l < "$SANDBOX/daemon.log")
}

# logged WHAT PATTERN...: the log has a new line in which all the patterns match.
logged()
{
    local what=$1 lines pattern
    shift
    lines=$(log_since_mark)
    for pattern; do
        lines=$(grep -Ei -- "$pattern" <<< "$lines")
    done
    if [ -n "$lines" ]; then
        ok "$what: $(head -n 1 <<< "$lines")"
    else
        not_ok "$what: no line of the log has all of: $*"
        log_since_mark | tail -n 20 | sed 's/^/    | /'
    fi
}

log_has()
{
    log_since_mark | grep -Eq -- "$1"
}

# SIGHUP, and what the log then has to say.
reload()
{
    mark_log
    kill -HUP "$(cat "$SANDBOX/daemon.pid")"
    eventually 10 log_has "${1:-reload: .* is in force}"
}

# as USER[+GROUP] COMMAND...: with that supplementary group, or with none.
as()
{
    local user=${1%+*} group=(--clear-groups)
    [ "$user" = "$1" ] || group=("--groups=${1#*+}")
    shift
    client setpriv --reuid="$user" --regid="$(id -g "$user")" "${group[@]}" "$@"
}

# wire USER[+GROUP] COMMAND...: what strongroomd says to messages of that user, a line for each command.
wire()
{
    local user=$1
    shift
    printf '%s\n' "$@" | as "$user" "$PROGRAMS/policy-wire" "${SOCKET:-$STRONGROOM_SOCKET}"
}

# The labels of the private keys that a PKCS#11 program of that user sees, on one line.
sees()
{
    as "$1" pkcs11-tool --module "$STRONGROOM_MODULE" -O 2> /dev/null |
        awk '/^[A-Z]/ { private = /^Private/ } private && $1 == "label:" { print $2 }' | sort | paste -sd ' '
}

# The CKA_ID of a key, for pkcs11-tool, which looks for no label when it signs.
id_of()
{
    as root pkcs11-tool --module "$STRONGROOM_MODULE" -O 2> /dev/null |
        awk -v label="$1" '$1 == "label:" { found = $2 == label } found && $1 == "ID:" { print $2; exit }'
}

sign_as()
{
    as "$1" pkcs11-tool --module "$STRONGROOM_MODULE" --sign --id "$2" -m "${3:-ECDSA}" -i "$SCRATCH/message" \
        -o /dev/null
}
