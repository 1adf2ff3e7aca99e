# What the tests of the jobs share. Sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

strongroom()
{
    client "$BUILD/bin/strongroom" "$@"
}

strongroom_as()
{
    local user=$1
    shift
    client_as "$user" "$BUILD/bin/strongroom" "$@"
}

# exits STATUS WHAT COMMAND...: the command ends with that exit status.
exits()
{
    local wanted=$1 what=$2 status
    shift 2
    run "$@" > "$OUTPUT" 2>&1
    status=$?
    if [ "$status" -eq "$wanted" ]; then
        ok "$what"
        return 0
    fi
    not_ok "$what (exit status $status instead of $wanted, of: $*)"
    show_output
    return 1
}

# json FILTER COMMAND...: what jq's filter makes of the JSON that the command prints, on one line with sorted members.
json()
{
    local filter=$1
    shift
    "$@" | jq -rcS "$filter"
}

# sums: rewrites the chain of the lines on standard input as docs/audit.md has it, from the first on.
sums()
{
    local chain line
    chain=$(printf '0%.0s' {1..64})
    while IFS= read -r line; do
        chain=$(printf '%s%s' "$chain" "${line%,\"chain\":*}" | sha256sum | cut -d' ' -f1)
        printf '%s,"chain":"%s"}\n' "${line%,\"chain\":*}" "$chain"
    done
}
