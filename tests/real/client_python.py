# SPDX-License-Identifier: Apache-2.0
"""PyKCS11 on the module STRONGROOM_MODULE: what a program that works with a token would do, checked by
python3-cryptography where that can."""
import os

import PyKCS11
from PyKCS11 import LowLevel as low
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

CURVES = {"secp256r1": (bytes.fromhex("06082a8648ce3d030107"), ec.SECP256R1())}
MESSAGE = b"a message that is signed"


def check(what, good):
    print(("ok: " if good else "FAILED: ") + what, flush=True)
    assert good, what


def refused(what, value, function):
    try:
        function()
    except PyKCS11.PyKCS11Error as error:
        check(f"{what}: {error}", error.value == value)
    else:
        check(what, False)


def usage(**flags):
    return [(getattr(low, "CKA_" + name.upper()), value) for name, value in flags.items()]


def secret_template(key_type, **flags):
    return [(low.CKA_CLASS, low.CKO_SECRET_KEY), (low.CKA_KEY_TYPE, key_type), (low.CKA_TOKEN, False),
            (low.CKA_SENSITIVE, True)] + usage(**flags)


def signs_rsa(session):
    public, private = session.generateKeyPair(
        [(low.CKA_CLASS, low.CKO_PUBLIC_KEY), (low.CKA_TOKEN, True), (low.CKA_MODULUS_BITS, 2048),
         (low.CKA_PUBLIC_EXPONENT, (1, 0, 1)), (low.CKA_LABEL, "py-rsa"), (low.CKA_ID, (0x71,))]
        + usage(verify=True),
        [(low.CKA_CLASS, low.CKO_PRIVATE_KEY), (low.CKA_TOKEN, True), (low.CKA_LABEL, "py-rsa"),
         (low.CKA_ID, (0x71,)), (low.CKA_PRIVATE, True), (low.CKA_SENSITIVE, True)] + usage(sign=True),
        mecha=PyKCS11.MechanismRSAGENERATEKEYPAIR)
    modulus, exponent = (int.from_bytes(bytes(value), "big") for value in
                         session.getAttributeValue(public, [low.CKA_MODULUS, low.CKA_PUBLIC_EXPONENT]))
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    signature = bytes(session.sign(private, MESSAGE, PyKCS11.Mechanism(low.CKM_SHA256_RSA_PKCS)))
    key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    check("a signature with RSA", session.verify(public, MESSAGE, signature, PyKCS11.Mechanism(low.CKM_SHA256_RSA_PKCS)))
    check("  is not one of another message",
          not session.verify(public, MESSAGE + b".", signature, PyKCS11.Mechanism(low.CKM_SHA256_RSA_PKCS)))
    pss = PyKCS11.RSA_PSS_Mechanism(low.CKM_SHA256_RSA_PKCS_PSS, low.CKM_SHA256, low.CKG_MGF1_SHA256, 32)
    key.verify(bytes(session.sign(private, MESSAGE, pss)), MESSAGE,
               padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    check("a signature with RSA-PSS", True)
    found = session.findObjects([(low.CKA_LABEL, "py-rsa")])
    check("findObjects", len(found) == 2)
    check("the private exponent stays where it is",
          session.getAttributeValue(private, [low.CKA_PRIVATE_EXPONENT]) == [None])
    for item in (public, private):
        session.destroyObject(item)
    check("destroyObject", session.findObjects([(low.CKA_LABEL, "py-rsa")]) == [])


def signs_ec(session):
    parameters, curve = CURVES["secp256r1"]
    public, private = session.generateKeyPair(
        [(low.CKA_CLASS, low.CKO_PUBLIC_KEY), (low.CKA_TOKEN, False), (low.CKA_EC_PARAMS, parameters)]
        + usage(verify=True),
        [(low.CKA_CLASS, low.CKO_PRIVATE_KEY), (low.CKA_TOKEN, False), (low.CKA_SENSITIVE, True)] + usage(sign=True),
        mecha=PyKCS11.Mechanism(low.CKM_EC_KEY_PAIR_GEN))
    point = bytes(session.getAttributeValue(public, [low.CKA_EC_POINT])[0])[2:]
    key = ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    digest = bytes(session.digest(MESSAGE, PyKCS11.Mechanism(low.CKM_SHA256)))
    raw = bytes(session.sign(private, digest, PyKCS11.Mechanism(low.CKM_ECDSA)))
    signature = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(signature, MESSAGE, ec.ECDSA(hashes.SHA256()))
    try:
        key.verify(signature, MESSAGE + b".", ec.ECDSA(hashes.SHA256()))
        check("a signature of another message", False)
    except InvalidSignature:
        check("a digest, and a signature with P-256", True)


def encrypts(session):
    key = session.generateKey(secret_template(low.CKK_AES, encrypt=True, decrypt=True, extractable=False)
                              + [(low.CKA_VALUE_LEN, 32)], mecha=PyKCS11.MechanismAESGENERATEKEY)
    iv = bytes(session.generateRandom(12))
    gcm = PyKCS11.AES_GCM_Mechanism(iv, b"additional data", 128)
    sealed = bytes(session.encrypt(key, MESSAGE * 100, gcm))
    check("AES-GCM adds a tag", len(sealed) == len(MESSAGE) * 100 + 16)
    check("  and decrypts", bytes(session.decrypt(key, sealed, gcm)) == MESSAGE * 100)
    try:
        session.decrypt(key, sealed[:-1] + bytes([sealed[-1] ^ 1]), gcm)
        check("  what was changed", False)
    except PyKCS11.PyKCS11Error as error:
        check(f"  and not what was changed: {error}", True)
    cbc = PyKCS11.Mechanism(low.CKM_AES_CBC, bytes(session.generateRandom(16)))
    check("AES-CBC", bytes(session.decrypt(key, session.encrypt(key, MESSAGE[:16] * 3, cbc), cbc)) == MESSAGE[:16] * 3)


def wraps(session):
    wrapper = session.generateKey(secret_template(low.CKK_AES, wrap=True, unwrap=True, encrypt=False, decrypt=False)
                                  + [(low.CKA_VALUE_LEN, 32)], mecha=PyKCS11.MechanismAESGENERATEKEY)
    key = session.generateKey(secret_template(low.CKK_AES, encrypt=True, decrypt=True, extractable=True)
                              + [(low.CKA_VALUE_LEN, 16)], mecha=PyKCS11.MechanismAESGENERATEKEY)
    kwp = PyKCS11.Mechanism(low.CKM_AES_KEY_WRAP_PAD)
    wrapped = bytes(session.wrapKey(wrapper, key, kwp))
    check("wrapKey", len(wrapped) == 24)
    again = session.unwrapKey(wrapper, wrapped, secret_template(low.CKK_AES, encrypt=True, decrypt=True, extractable=False),
                              kwp)
    cbc = PyKCS11.Mechanism(low.CKM_AES_CBC, bytes(16))
    check("unwrapKey gives the same key",
          bytes(session.decrypt(again, session.encrypt(key, bytes(32), cbc), cbc)) == bytes(32))


def keeps_data(session):
    data = session.createObject([(low.CKA_CLASS, low.CKO_DATA), (low.CKA_TOKEN, True), (low.CKA_LABEL, "py-data"),
                                 (low.CKA_PRIVATE, True), (low.CKA_VALUE, MESSAGE)])
    check("createObject, data", bytes(session.getAttributeValue(data, [low.CKA_VALUE])[0]) == MESSAGE)
    session.setAttributeValue(data, [(low.CKA_LABEL, "py-data-2")])
    check("setAttributeValue", len(session.findObjects([(low.CKA_LABEL, "py-data-2")])) == 1)
    session.destroyObject(data)


def main():
    library = PyKCS11.PyKCS11Lib()
    library.load(os.environ["STRONGROOM_MODULE"])
    with open(os.environ["TOKEN_PIN_FILE"], encoding="ascii") as file:
        pin = file.read().strip()
    check(f"getInfo: {library.getInfo().libraryDescription.strip()}", True)
    slot = next(s for s in library.getSlotList(tokenPresent=True)
                if library.getTokenInfo(s).label.strip() == os.environ["TOKEN_LABEL"])
    check("getMechanismList", "CKM_ECDSA" in library.getMechanismList(slot))
    session = library.openSession(slot, low.CKF_SERIAL_SESSION | low.CKF_RW_SESSION)
    refused("a wrong PIN", low.CKR_PIN_INCORRECT, lambda: session.login(pin + "0"))
    session.login(pin)
    check("login", session.getSessionInfo().state2text() == "CKS_RW_USER_FUNCTIONS")
    for part in (signs_rsa, signs_ec, encrypts, wraps, keeps_data):
        part(session)
    session.logout()
    session.closeSession()


main()
