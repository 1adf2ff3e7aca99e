# SPDX-License-Identifier: Apache-2.0
"""Why a call through the shim may give something else than the token itself: the first rule that knows a difference gives
its reason. A difference that none knows is a failure."""

# Reasons, by their keys.
REASONS = {
    "made-sensitive": "Custody rule 1: keys that are made, unwrapped or derived are sensitive.",
    "one-role": "Custody rules 1 and 2: keys are sensitive and have one role; usages never grow.",
    "no-import": "Custody rule 3: no import of plaintext keys, and no weaker copy.",
    "off": "Custody rule 4: a mechanism that leaks by padding, truncation or repetition is off unless the policy names it.",
    "login": "Clients are logged in from the start (no CKF_LOGIN_REQUIRED), and each login is good; the officer has no login "
             "there.",
    "officer": "What the security officer does exists on the socket of administration only.",
    "slots": "Only the tokens of the configuration have slots.",
    "value": "The return value that the specification names (PKCS#11 v3.0 §5); the token has another one.",
    "order": "Several things are wrong with the call, and another one is named.",
    "later": "The shim asks the token with the operation: what is wrong with its beginning is said there.",
    "mac": "No cipher takes a generic secret key: one that is asked for with such usages signs and verifies.",
    "closing": "The shim closes its own sessions, and does not ask which slots there are.",
    "length": "The length that is needed, where the token asks for more.",
    "parts": "The shim gathers parts for mechanisms that the token takes at once only.",
    "more": "A function that the token does not have, and the shim has or names: dual operations, Cryptoki 3.0.",
}

# What the policy has to name: whole mechanisms, and operations of others.
OFF = {"CKM_RSA_X_509", "CKM_DES_KEY_GEN", "CKM_DES_ECB", "CKM_DES_CBC", "CKM_DES_CBC_PAD", "CKM_DES_ECB_ENCRYPT_DATA",
       "CKM_DES_CBC_ENCRYPT_DATA", "CKM_DES3_ECB", "CKM_DES3_ECB_ENCRYPT_DATA", "CKM_AES_ECB", "CKM_AES_ECB_ENCRYPT_DATA"}
OFF_OPERATIONS = {("CKM_RSA_PKCS", "decrypt"), ("CKM_RSA_PKCS", "unwrap")}

ABSENT = "(not reached)"
# The functions of 3.0, of which SoftHSM has none.
THREE = {"C_GetInterfaceList", "C_GetInterface", "C_LoginUser", "C_SessionCancel"} | {
    "C_" + name for what in ("Encrypt", "Decrypt", "Sign", "Verify")
    for name in (f"Message{what}Init", f"{what}Message", f"{what}MessageBegin", f"{what}MessageNext", f"Message{what}Final")}
OFFICER = {"C_InitToken", "C_InitPIN", "C_SetPIN"}
GAINED = {"sensitive", "always-sensitive", "private"}
LOST = {"encrypt", "decrypt", "sign", "verify", "wrap", "unwrap", "derive", "extractable"}


class Difference:
    def __init__(self, subject, case, direct, shim, lines):
        self.subject = subject
        self.case = case
        self.direct = direct
        self.shim = shim
        self.lines = lines   # of the shim: (subject, case) to result
        self.operation = case.split(":")[0] if ":" in case else ""
        self.direct_rv = direct.split(" ")[0]
        self.shim_rv = shim.split(" ")[0]
        self.direct_words = direct.split(" ")[1:]
        self.shim_words = shim.split(" ")[1:]


def off(d):
    whole = d.subject in OFF
    if not whole and (d.subject, d.operation) not in OFF_OPERATIONS:
        if d.subject == "CKM_RSA_PKCS" and d.case == "info":
            return set(d.direct_words) - set(d.shim_words) == {"decrypt", "unwrap"}
        return d.subject == "C_GetMechanismList" and d.case == "asking for the number" and \
            int(d.direct_words[0]) - int(d.shim_words[0]) == len(OFF)
    if d.case == "listed":
        return d.shim == "CKR_OK no"
    # No key of DES can be made, so that there is none to name.
    return d.shim_rv in (ABSENT.split(" ", maxsplit=1)[0], "CKR_MECHANISM_INVALID") or \
        d.subject.startswith("CKM_DES_") and d.shim_rv.endswith("_HANDLE_INVALID")


def made_sensitive(d):
    return d.case.endswith("reading the value") and d.direct_rv == "CKR_OK" and d.shim == "CKR_ATTRIBUTE_SENSITIVE"


def one_role(d):
    if d.case.endswith("key's attributes"):
        direct, shim = set(d.direct_words), set(d.shim_words)
        return d.direct_rv == d.shim_rv == "CKR_OK" and shim - direct <= GAINED and direct - shim <= LOST
    return d.subject == "C_SetAttributeValue" and "as well" in d.case and d.shim == "CKR_ATTRIBUTE_READ_ONLY"


def no_import(d):
    return (d.subject, d.case) == ("C_CreateObject", "a secret key") and d.shim != "CKR_OK"


def login(d):
    if d.subject == "C_GetTokenInfo":
        return d.case == "CKF_LOGIN_REQUIRED" and d.shim == "CKR_OK no"
    return d.subject == "C_Login" and d.case in ("a second time", "no PIN", "for one operation",
                                                 "the officer, while the user is logged in") or \
        d.subject == "C_GetSessionInfo" and d.case.endswith("after C_CloseAllSessions") and d.shim == "CKR_OK state 3"


def officer(d):
    return d.subject in OFFICER and d.shim_rv != "CKR_OK"


def slots(d):
    return d.subject == "C_GetSlotList" and d.direct == "CKR_OK 2" and d.shim == "CKR_OK 1"


VALUES = [  # where, what the token says, what the specification has
    ("no such key", {"CKR_OBJECT_HANDLE_INVALID"}, {"CKR_KEY_HANDLE_INVALID"}),
    ("parameter", {"CKR_ARGUMENTS_BAD", "CKR_MECHANISM_INVALID", "CKR_OK"}, {"CKR_MECHANISM_PARAM_INVALID"}),
    ("another type of key", {"CKR_OK"}, {"CKR_KEY_TYPE_INCONSISTENT"}),
    ("decrypt: at once", {"CKR_GENERAL_ERROR"}, {"CKR_ENCRYPTED_DATA_INVALID", "CKR_ENCRYPTED_DATA_LEN_RANGE"}),
    ("unwrap: ", {"CKR_GENERAL_ERROR"}, {"CKR_WRAPPED_KEY_INVALID", "CKR_WRAPPED_KEY_LEN_RANGE"}),
    ("and then at once", {"CKR_GENERAL_ERROR", "CKR_OK"}, {ABSENT}),
    ("an empty template", {"CKR_ARGUMENTS_BAD"}, {"CKR_OK"}),
    ("NULL", {"CKR_NO_EVENT"}, {"CKR_ARGUMENTS_BAD"}),
    ("no such session", {"CKR_SESSION_HANDLE_INVALID"}, {"CKR_FUNCTION_NOT_PARALLEL"}),
]


def value(d):
    return any(where in d.case and d.direct in direct and d.shim in shim for where, direct, shim in VALUES)


def order(d):
    failed = d.direct_rv != "CKR_OK" and d.shim_rv not in ("CKR_OK", ABSENT.split(" ", maxsplit=1)[0])
    return failed and d.operation in ("wrap", "unwrap", "derive") and not d.case.endswith(": right")


def later(d):
    """Refused by the token at once, and by the shim with the operation."""
    if d.case.endswith("and then at once"):
        return d.direct == ABSENT and d.shim_rv != "CKR_OK"
    then = d.lines.get((d.subject, d.case + ", and then at once"))
    return ": Init, " in d.case and d.direct_rv != "CKR_OK" and d.shim == "CKR_OK" and \
        (d.operation == "verify" or then is not None and then.split(" ")[0] != "CKR_OK")


def mac(d):
    return d.subject.endswith("_HMAC") and ": Init, a key that is not for this" in d.case and d.shim == "CKR_OK"


def closing(d):
    return (d.subject, d.case, d.shim) == ("C_CloseAllSessions", "no such slot", "CKR_OK")


def length(d):
    if d.direct_rv != d.shim_rv or len(d.shim_words) != 2:
        return False
    return "asking for the length" in d.case or "too small a buffer" in d.case and \
        int(d.shim_words[0]) < int(d.direct_words[0])


def parts(d):
    single = {"CKM_RSA_PKCS", "CKM_RSA_PKCS_PSS", "CKM_DSA", "CKM_ECDSA", "CKM_EDDSA"}
    return d.subject in single and d.operation in ("sign", "verify") and d.shim_rv == "CKR_OK" and \
        ("part" in d.case or "Final" in d.case) and d.direct in (ABSENT, "CKR_OPERATION_NOT_INITIALIZED")


def more(d):
    if d.subject in THREE:
        return d.shim_rv not in ("CKR_DEVICE_ERROR", "CKR_GENERAL_ERROR")
    if d.case == "CKF_DUAL_CRYPTO_OPERATIONS" or (d.subject, d.case) == ("C_GetInfo", "right"):
        return d.shim in ("CKR_OK yes", "CKR_OK Cryptoki 3.0")
    return d.direct == "CKR_FUNCTION_NOT_SUPPORTED" and not d.subject.startswith("CKM_") and \
        d.subject not in OFFICER and d.shim_rv != "CKR_OK" or \
        d.subject == "C_GetOperationState" and d.shim_rv != "CKR_FUNCTION_NOT_SUPPORTED"


RULES = [("off", off), ("made-sensitive", made_sensitive), ("one-role", one_role), ("no-import", no_import),
         ("login", login), ("officer", officer), ("slots", slots), ("value", value), ("mac", mac),
         ("closing", closing), ("length", length),
         ("parts", parts), ("later", later), ("more", more), ("order", order)]


def reason(difference):
    return next((name for name, rule in RULES if rule(difference)), None)
