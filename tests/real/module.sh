# What the tests of other people's PKCS#11 software share, to be sourced after lib.sh. Each runs twice: beside tests/sandbox
# the software loads the shim, with tests/raw-token SoftHSM itself, which shows that the test does with it what it should.
#
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash

PIN=$(cat "$TOKEN_PIN_FILE")
MESSAGE=$SCRATCH/message
echo "a short message" > "$MESSAGE"

through_shim()
{
    [ -n "${STRONGROOM_SOCKET:-}" ]
}

# pkcs11-tool, where the software under test cannot make what it needs.
tool()
{
    client pkcs11-tool --module "$STRONGROOM_MODULE" --token-label "$TOKEN_LABEL" --login --pin "$PIN" "$@"
}

# key_pair TYPE LABEL ID: one that signs.
key_pair()
{
    need "a key pair $2" tool --keypairgen --key-type "$1" --label "$2" --id "$3" --usage-sign
}

# OpenSSL's own code, with nothing of ours.
software()
{
    plainly env OPENSSL_CONF=/dev/null openssl "$@"
}

# public_key ID FILE.pem: the token's public key.
public_key()
{
    tool --read-object --type pubkey --id "$1" -o "$SCRATCH/public.der" &&
        software pkey -pubin -inform DER -in "$SCRATCH/public.der" -out "$2"
}
