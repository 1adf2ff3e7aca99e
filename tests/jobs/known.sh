# Keys of jobs that the test knows: planted in the raw token, and derived outside. Sourced after jobs.sh.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

# replace LABEL root|hs512|kek: the token's key of that label becomes the bytes of the file of that name in $SCRATCH.
# strongroomd keeps derived keys for ten seconds, and what it has found for as long as it runs.
replace()
{
    client "$SANDBOX/as-owner" "$PROGRAMS/replace-key" "$1" "$2" "$SCRATCH/$2"
}

# A field of the derivation's input: its length in 4 bytes, then the field.
field()
{
    printf '%08x' "${#1}"
    printf '%s' "$1" | xxd -p -c 0
}

# derived FAMILY VERSION PURPOSE: AES-256-CBC under the root over SHA-256 of the fields, in hex.
derived()
{
    { field "strongroom session key"; field "$3"; field "$1"; field "$2"; } | tr -d '\n' | xxd -r -p |
        OPENSSL_CONF=/dev/null openssl dgst -sha256 -binary |
        OPENSSL_CONF=/dev/null openssl enc -aes-256-cbc -nopad -iv 00000000000000000000000000000000 \
            -K "$(xxd -p -c 0 "$SCRATCH/root")" | xxd -p -c 0
}

# known_keys NAME...: random keys in $SCRATCH, which the token's owner can read.
known_keys()
{
    local name size
    for name; do
        [ "$name" = hs512 ] && size=64 || size=32
        head -c "$size" /dev/urandom > "$SCRATCH/$name"
        chmod 644 "$SCRATCH/$name"
    done
}
