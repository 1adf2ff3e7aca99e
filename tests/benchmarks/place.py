# Where the benchmarks run: the sandbox's environment, a scratch folder, keys.
#
# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from load import BenchError

# Of the sandbox's environment (tests/sandbox).
NEEDED = ("SANDBOX", "STRONGROOM_BUILD", "STRONGROOM_SOCKET", "STRONGROOM_MODULE", "OPENSSL_CONF",
          "TOKEN_MODULE", "TOKEN_PIN_FILE", "SOFTHSM2_CONF")

KEY_TYPES = {"p-256": ("ec:P-256", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
             "rsa-2048": ("rsa:2048", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])}

OPENSSL_CNF = """openssl_conf = init
[init]
providers = providers
[providers]
default = default_sect
pkcs11 = pkcs11_sect
[default_sect]
activate = 1
[pkcs11_sect]
module = {provider}
pkcs11-module-path = {module}
pkcs11-module-token-pin = file:{pin}
activate = 1
"""


def tell(argv, **popen):
    """The standard output of a command that has to succeed."""
    result = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False, **popen)
    if result.returncode != 0:
        raise BenchError(f"{argv[0]} failed (exit status {result.returncode}), see above")
    return result.stdout


class Place:
    """Made once per run, removed at its end. Keys are made when they are first asked for."""

    def __init__(self):
        missing = [name for name in NEEDED if name not in os.environ]
        if missing:
            raise BenchError(f"not in the sandbox's environment: {', '.join(missing)}; run tests/bench by itself")
        env = os.environ
        self.build = pathlib.Path(env["STRONGROOM_BUILD"])
        self.shim = env["STRONGROOM_MODULE"]
        self.token_module = env["TOKEN_MODULE"]
        self.pin_file = env["TOKEN_PIN_FILE"]
        self.daemon = int(pathlib.Path(env["SANDBOX"], "daemon.pid").read_text())
        self.without_provider = {k: v for k, v in env.items() if k != "OPENSSL_CONF"}
        self.keys = {}
        self.families = {}
        self.totp_families = {}
        self.operation_keys = False
        self.began = time.time()  # when strongroomd was running already
        self.totp_users = 0
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="bench.", dir=env["SANDBOX"]))
        self.scratch.chmod(0o755)

    def remove(self):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def program(self, name):
        return self.build / "tests" / name

    def key(self, kind):
        """The token key's URI, and the PEM file that holds this URI."""
        if kind not in self.keys:
            pem = self.scratch / f"{kind}-uri.pem"
            lines = tell([self.build / "bin" / "strongroom", "key", "generate", f"tls:bench-{os.getpid()}-{kind}",
                          "--type", KEY_TYPES[kind][0], "--pem", pem]).splitlines()
            uris = [line for line in lines if line.startswith("pkcs11:")]
            if not uris:
                raise BenchError("strongroom key generate printed no URI")
            self.keys[kind] = uris[0], pem
        return self.keys[kind]

    def family(self, role="session"):
        """A family of keys of that role."""
        if role not in self.families:
            self.families[role] = f"{role}:bench-{os.getpid()}"
            tell([self.build / "bin" / "strongroom", "family", "create", self.families[role]])
        return self.families[role]

    def totp_family(self, users):
        """A family of second factors with so many users."""
        if users not in self.totp_families:
            family = f"totp:bench-{os.getpid()}-{users}"
            tell([self.build / "bin" / "strongroom", "family", "create", family])
            tell([self.program("bench_totp"), "import", family, str(users)])
            self.totp_families[users] = family
        return self.totp_families[users]

    def software_key(self, kind):
        """A PEM file that holds a key."""
        pem = self.scratch / f"{kind}.pem"
        if not pem.exists():
            tell(["openssl", "genpkey", "-quiet", "-out", pem, *KEY_TYPES[kind][1]], env=self.without_provider)
        return pem

    def certificate(self, key, env):
        """A self-signed certificate for the key of a PEM file."""
        request = self.scratch / "request.cnf"
        request.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
        out = key.with_suffix(".crt")
        tell(["openssl", "req", "-x509", "-config", request, "-key", key, "-subj", "/CN=localhost", "-out", out],
             env=env)
        return out

    def straight(self):
        """How a program runs that loads the raw token: a prefix of its command line, and its environment, where the
        provider goes straight on the module."""
        conf = self.scratch / "straight.cnf"
        conf.write_text(OPENSSL_CNF.format(provider=self.build / "lib" / "strongroom.so", module=self.token_module,
                                           pin=self.pin_file))
        return [pathlib.Path(os.environ["SANDBOX"], "as-owner")], {**os.environ, "OPENSSL_CONF": str(conf)}
