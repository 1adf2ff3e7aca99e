# A sandbox's daemon with two tokens: its own, and "away", which fails on request. To be sourced after lib.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

FAULTS=$SCRATCH/faults       # what token.c looks at
LOGINS=$SCRATCH/logins       # what it writes
CONF=$SANDBOX/conf/strongroomd.conf
touch "$FAULTS" "$LOGINS"
chmod 666 "$LOGINS"

# fault LINE...: from now on; none: the token is well.
fault()
{
    printf '%s\n' "$@" > "$FAULTS.new"
    mv "$FAULTS.new" "$FAULTS"
}

well()
{
    : > "$FAULTS.new"
    mv "$FAULTS.new" "$FAULTS"
}

# How often the token was logged in to.
logins()
{
    grep -c C_Login "$LOGINS"
}

# two_tokens [LINE...]: makes the second one and starts the daemon again; the lines go into its section.
two_tokens()
{
    local pin
    pin=$(cat "$TOKEN_PIN_FILE")
    cp -p "$TOKEN_PIN_FILE" "$SANDBOX/conf/pin-away"
    as_token_owner softhsm2-util --init-token --free --label away --pin "$pin" --so-pin "$pin" || return 1
    sed -i -e 's/^tokens = .*/tokens = main_token, away_token/' \
        -e "s|^SOFTHSM2_CONF = .*|&\nFAULTY_TOKEN = $FAULTS\nFAULTY_TOKEN_LOG = $LOGINS|" "$CONF"
    {
        echo
        echo "[away_token]"
        echo "module = $PROGRAMS/libfaulty-token.so"
        echo "label = away"
        echo "pin-file = $SANDBOX/conf/pin-away"
        printf '%s\n' "$@"
    } >> "$CONF"
    plainly "$SANDBOX/start-daemon"
}

# key_in TOKEN NAME TYPE: a key made through the daemon.
key_in()
{
    client "$BUILD/bin/strongroom" key generate "tls:$2" --type "$3" --token "$1"
}

# client_on NAME TOKEN KEY: a long-lived client, to be told what to do by `does`. Several may live at once.
declare -A INPUT ANSWERS
client_on()
{
    local name=$1 line
    mkfifo "$SCRATCH/$name.in" "$SCRATCH/$name.out"
    TOKEN_LABEL=$2 LIMIT=300 client "$PROGRAMS/fault-client" "tls:$3" \
        < "$SCRATCH/$name.in" > "$SCRATCH/$name.out" 2> "$SCRATCH/$name.err" &
    started+=($!)
    # shellcheck disable=SC1083,SC2086,SC2093  # descriptors whose numbers bash chooses
    exec {INPUT[$name]}> "$SCRATCH/$name.in" {ANSWERS[$name]}< "$SCRATCH/$name.out"
    read -r -t 20 -u "${ANSWERS[$name]}" line && [ "$line" = ready ]
}

# tell NAME COMMAND: without waiting for the answer. answer NAME: the answer, in RESULT, SAYS, MS and WHY.
tell()
{
    echo "$2" >&"${INPUT[$1]}"
}

answer()
{
    RESULT=none SAYS='' MS=0 WHY=''
    IFS='|' read -r -t 30 -u "${ANSWERS[$1]}" RESULT SAYS MS WHY
}

# does WHAT NAME COMMAND RESULT [PATTERN]: the client does it, with that result; it says or explains what fits.
does()
{
    tell "$2" "$3"
    gets "$1" "$2" "$4" "${5:-}"
}

# gets WHAT NAME RESULT [PATTERN]: the same for something that it was told before.
gets()
{
    answer "$2"
    if [ "$RESULT" = "$3" ] && { [ -z "${4:-}" ] || grep -Eq -- "$4" <<< "$SAYS $WHY"; }; then
        ok "$1: $RESULT $SAYS ($MS ms)"
    else
        not_ok "$1: $RESULT \"$SAYS\" \"$WHY\" ($MS ms), where $3 ${4:-} was expected"
    fi
}

# at_once WHAT: what was just answered took less than a second.
at_once()
{
    if [ "$MS" -lt "${2:-1000}" ]; then
        ok "$1: after $MS ms"
    else
        not_ok "$1: only after $MS ms"
    fi
}

# Until the client does COMMAND well, for at most SECONDS.
recovers()
{
    local what=$1 name=$2 command=$3 until=$((SECONDS + $4))
    while :; do
        tell "$name" "$command"
        answer "$name"
        [ "$RESULT" = CKR_OK ] && break
        [ "$SECONDS" -lt "$until" ] || break
        sleep 0.1
    done
    equal "$what" "$RESULT $WHY" "CKR_OK "
}

# said_in_log PATTERN: the daemon has said so.
said_in_log()
{
    if grep -Eq -- "$1" "$SANDBOX/daemon.log"; then
        ok "the log says: $1"
    else
        not_ok "the log does not say: $1"
        tail -n 20 "$SANDBOX/daemon.log" | sed 's/^/    | /'
    fi
}
