# Helpers of the shell tests, to be sourced. A test makes checks, and ends with `finish`.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

set -uo pipefail
export LC_ALL=C

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=${STRONGROOM_BUILD:-$TESTS/../build}
PROGRAMS=$BUILD/tests            # the C programs of the tests
SOFTHSM=${SOFTHSM:-$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | head -n 1)}
LIMIT=${LIMIT:-60}               # seconds that one command may take
SCRATCH=$(mktemp -d "${SANDBOX:-${TMPDIR:-/tmp}}/test.XXXXXX")
chmod 755 "$SCRATCH"
OUTPUT=$SCRATCH/output           # what the last command of check or refuse said
: > "$OUTPUT"
passed=0
failed=0
started=()                       # processes of ours that are still to be ended

# What is running is stopped and what was made is removed, however the test ends.
clean_up()
{
    local status=$?
    trap - EXIT INT TERM HUP
    stop "${started[@]}"
    rm -rf "$SCRATCH"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

# Runs a program that loads our products. Where those are built with a sanitizer, its runtime must come first; other
# people's programs may leak, so their stacks need not be walked at each allocation.
client()
{
    local preload=()
    if [ -n "${STRONGROOM_PRELOAD:-}" ]; then
        preload=("LD_PRELOAD=$STRONGROOM_PRELOAD")
        [[ $1 == "$BUILD"/* ]] ||
            preload+=("ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0:fast_unwind_on_malloc=1")
    fi
    timeout -k 5 "$LIMIT" env "${preload[@]}" "$@"
}

# The same as another user.
client_as()
{
    local user=$1
    shift
    client setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

# Runs a program that loads nothing of ours.
plainly()
{
    timeout -k 5 "$LIMIT" "$@"
}

ok()
{
    passed=$((passed + 1))
    echo "ok: $*"
}

not_ok()
{
    failed=$((failed + 1))
    echo "FAILED: $*"
}

show_output()
{
    sed 's/^/    | /' "$OUTPUT" | head -n "${1:-20}"
}

# check WHAT COMMAND...: the command succeeds.
check()
{
    local what=$1 status
    shift
    run "$@" > "$OUTPUT" 2>&1
    status=$?
    if [ "$status" -eq 0 ]; then
        ok "$what"
        return 0
    fi
    not_ok "$what (exit status $status of: $*)"
    show_output
    return 1
}

# refuse WHAT COMMAND...: the command fails in an orderly way: not by a signal, not by the time limit.
refuse()
{
    local what=$1 status
    shift
    run "$@" > "$OUTPUT" 2>&1
    status=$?
    if [ "$status" -gt 0 ] && [ "$status" -lt 124 ]; then
        ok "$what"
        return 0
    fi
    not_ok "$what (exit status $status of: $*)"
    show_output
    return 1
}

# A function of the test, or a program.
run()
{
    if [ "$(type -t "$1")" = function ]; then
        "$@"
    else
        client "$@"
    fi
}

# said PATTERN...: the last command's output has a match of each extended regular expression.
said()
{
    local pattern
    for pattern; do
        if grep -Eq -- "$pattern" "$OUTPUT"; then
            ok "  it says: $pattern"
        else
            not_ok "  it does not say: $pattern"
            show_output
        fi
    done
}

# equal WHAT ACTUAL EXPECTED
equal()
{
    if [ "$2" = "$3" ]; then
        ok "$1: $2"
    else
        not_ok "$1: $2 where $3 was expected"
    fi
}

# at_least WHAT NUMBER LEAST
at_least()
{
    if [ "${2:-0}" -ge "$3" ]; then
        ok "$1: $2, of at least $3"
    else
        not_ok "$1: ${2:-none}, where at least $3 were wanted"
    fi
}

# need WHAT COMMAND...: a check without which the rest makes no sense.
need()
{
    check "$@" || finish
}

# eventually SECONDS COMMAND...: repeats the command until it succeeds.
eventually()
{
    local until=$((SECONDS + $1))
    shift
    until "$@" > /dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.05
    done
}

# Ends processes of ours, by their numbers, and waits for them.
stop()
{
    local pid
    for pid; do
        kill "$pid" 2>/dev/null && kill -CONT "$pid" 2>/dev/null
    done
    for pid; do
        if ! eventually 10 gone "$pid"; then
            kill -KILL "$pid" 2>/dev/null
        fi
        wait "$pid" 2>/dev/null
    done
}

gone()
{
    ! [ -e "/proc/$1/stat" ] || grep -Eq '^[0-9]+ \(.*\) Z' "/proc/$1/stat"
}

# The children of a process, one a line.
children()
{
    tr ' ' '\n' < "/proc/$1/task/$1/children" | grep .
}

# N ports of the loopback address that are free now, on one line.
free_ports()
{
    "$PROGRAMS/free-ports" "$1"
}

# new_key NAME TYPE: makes a key pair (rsa:2048, ec:P-256, ..., ed25519) where the test runs: through the daemon, or
# in the raw token. Sets KEY_URI, and KEY_PEM to a PEM file that names the key.
new_key()
{
    local name=$1 type=$2
    KEY_PEM=$SCRATCH/$name-uri.pem
    if [ -n "${STRONGROOM_SOCKET:-}" ]; then
        client "$BUILD/bin/strongroom" key generate "tls:$name" --type "$type" --pem "$KEY_PEM" > "$OUTPUT" 2>&1 ||
            return 1
        KEY_URI=$(grep -E '^pkcs11:' "$OUTPUT")
    else
        raw_tool --keypairgen --key-type "$(pkcs11_tool_type "$type")" --label "tls:$name" > "$OUTPUT" 2>&1 || return 1
        KEY_URI="pkcs11:token=$TOKEN_LABEL;object=tls:$name;type=private"
        pem_uri "$KEY_URI" > "$KEY_PEM"
    fi
}

pkcs11_tool_type()
{
    case $1 in
    ec:P-*) echo "EC:secp${1#ec:P-}r1" ;;
    ed25519) echo EC:edwards25519 ;;
    *) echo "$1" ;;
    esac
}

# pkcs11-tool on the raw token. What another user than its owner writes there, the owner could not read.
raw_tool()
{
    as_token_owner pkcs11-tool --module "$TOKEN_MODULE" --token-label "$TOKEN_LABEL" \
        --login --pin "$(cat "$TOKEN_PIN_FILE")" "$@"
}

token_owner()
{
    stat -c %U "$(sed -n 's/^directories.tokendir *= *//p' "$SOFTHSM2_CONF")"
}

# A command without our provider, as the owner of the raw token's folder.
as_token_owner()
{
    local owner become=()
    owner=$(token_owner)
    [ "$owner" = "$(id -un)" ] || become=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups)
    timeout -k 5 "$LIMIT" env OPENSSL_CONF=/dev/null "${become[@]}" "$@"
}

# import_key FILE.pem NAME ID: brings a private key of known value into the token, in a process of its own. Sets KEY_URI
# and KEY_PEM as new_key does.
import_key()
{
    local copy=$SCRATCH/import.pem
    KEY_URI="pkcs11:token=$TOKEN_LABEL;object=tls:$2;id=%$3;type=private"
    KEY_PEM=$SCRATCH/$2-uri.pem
    pem_uri "$KEY_URI" > "$KEY_PEM"
    install -m 400 -o "$(token_owner)" "$1" "$copy"
    as_token_owner softhsm2-util --import "$copy" --token "$TOKEN_LABEL" --label "tls:$2" --id "$3" \
        --pin "$(cat "$TOKEN_PIN_FILE")"
}

# The PEM file that names a URI, encoded by openssl and not by our own code.
pem_uri()
{
    echo "-----BEGIN PKCS#11 PROVIDER URI-----"
    printf 'asn1 = SEQUENCE:s\n[s]\nd = VISIBLESTRING:%s\nu = FORMAT:UTF8,UTF8String:"%s"\n' \
        "${2:-PKCS#11 Provider URI v1.0}" "$1" | sed 's/#/\\#/g' > "$SCRATCH/asn1.cnf"
    OPENSSL_CONF=/dev/null openssl asn1parse -genconf "$SCRATCH/asn1.cnf" -noout -out "$SCRATCH/asn1.der"
    base64 -w 64 "$SCRATCH/asn1.der"
    echo "-----END PKCS#11 PROVIDER URI-----"
}

finish()
{
    echo "$passed checks passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}
