# What the tests of error messages share. Sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

SAID=$SCRATCH/everything-said # by all commands that failed: no secret may be in it
MESSAGE=$SCRATCH/message
echo "a short message" > "$MESSAGE"
: > "$SAID"

sign()
{
    rm -f "$SCRATCH/signature"
    client "$@" openssl dgst -sha256 -sign "$KEY" -out "$SCRATCH/signature" "$MESSAGE"
}

# works WHAT KEY [COMMAND-PREFIX...]: the positive control.
works()
{
    local what=$1
    KEY=$2
    shift 2
    check "$what: works" sign "$@"
}

# fails WHAT KEY [COMMAND-PREFIX...]: a signature fails, says why, and leaves no signature. To be followed by `said`.
fails()
{
    local what=$1
    KEY=$2
    shift 2
    refuse "$what" sign "$@"
    [ ! -s "$SCRATCH/signature" ] || not_ok "  there is a signature all the same"
    # The openssl command repeats its arguments, whatever stands in them, and so does its store for files, which looks
    # whether the URI is a file's name.
    grep -vE '^Could not |:file_open:.*calling stat\(' "$OUTPUT" >> "$SAID"
}

# no_secrets SECRET...: none stands in what was said, or in the daemon's log.
no_secrets()
{
    local file secret
    for secret in "$@"; do
        [ "${#secret}" -ge 4 ] || { echo "not a secret: $secret"; return 1; }
        for file in "$SAID" ${SANDBOX:+"$SANDBOX/daemon.log"}; do
            if grep -aFq -- "$secret" "$file"; then
                echo "a secret stands in $file"
                return 1
            fi
        done
    done
}
