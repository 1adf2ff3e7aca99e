# Operations of Cryptoki through the shim, next to the raw token object in the program's own process and to p11-kit's
# remoting of it.
#
# SPDX-License-Identifier: Apache-2.0
import glob
import os
import subprocess

from load import BenchError, Case, Load
from place import tell

RAW, COPY, SHIM, REMOTE = "raw token", "raw copy", "shim", "p11-kit remoting"
# name: (what it is called in the table, the bar, does p11-kit's remoting know its mechanism?)
OPERATIONS = {
    "ed25519": ("Ed25519 signatures", 1.0, False),
    "p-256": ("P-256 signatures by Cryptoki", 1.0, True),
    "hmac-sha1": ("HMAC-SHA1 of 200 bytes", 1.2, True),
    "hmac-sha256": ("HMAC-SHA256 of 200 bytes", 1.2, True),
    "wrap": ("KWP wrap", 1.0, False),
    "unwrap": ("unwrap, use, destroy", 0.9, False),
    "unwrap-fixed": ("unwrap, use, destroy; no copy", 0.7, False),
    "derive": ("derive, use, destroy", 0.9, False),
    "derive-fixed": ("derive, use, destroy; no copy", 0.7, False),
    "gcm-1m": ("AES-GCM 1 MiB", 0.9, False),
    "gcm-256k": ("AES-GCM 1 MiB by 256 KiB", 0.9, False),
    "gcm-16k": ("AES-GCM 1 MiB by 16 KiB", 0.4, False),
}
THREADS = (1, 4)


def remoting(place, at_end):
    """A p11-kit server in front of the raw token: the client module and its environment."""
    client = glob.glob("/usr/lib/*/pkcs11/p11-kit-client.so")
    if not client:
        raise BenchError("there is no p11-kit-client.so: apt-get install p11-kit-modules")
    as_owner, env = place.straight()
    folder = place.scratch / "remote"
    folder.mkdir(mode=0o777, exist_ok=True)
    folder.chmod(0o777)
    socket = folder / "socket"
    server = subprocess.Popen(as_owner + ["p11-kit", "server", "--foreground", "--provider", place.token_module,
                                          "--name", str(socket), "pkcs11:"],
                              env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def end():
        server.terminate()
        server.wait()
    at_end(end)
    for _ in range(200):
        if socket.exists():
            return {**env, "TOKEN_MODULE": client[0], "P11_KIT_SERVER_ADDRESS": f"unix:path={socket}"}
        try:
            server.wait(0.02)
            break
        except subprocess.TimeoutExpired:
            pass
    raise BenchError("p11-kit server does not start")


def cases(place, wanted, at_end):
    program = place.program("bench_operations")
    as_owner, env = place.straight()
    shim = {**os.environ, "TOKEN_MODULE": place.shim, "TOKEN_PIN_FILE": ""}
    remote = None
    found = []
    for name, (what, bar, remotable) in OPERATIONS.items():
        groups = {n: f"{what}, {n} thread{'s' if n > 1 else ''}" for n in THREADS}
        copyable = () if name.endswith("-fixed") else (COPY,)
        for way in (RAW,) + copyable + (SHIM,) + ((REMOTE,) if remotable else ()):
            threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
            if not threads:
                continue
            if not place.operation_keys:
                tell(as_owner + [program, "make"], env=env)
                place.operation_keys = True
            if way == REMOTE:
                remote = remote or remoting(place, at_end)
                load = Load(way, as_owner + [program, name], env=remote)
            elif way == SHIM:
                load = Load(way, [program, name], env=shim)
            else:
                load = Load(way, as_owner + [program, name] + ["copy"] * (way == COPY), env=env)
            at_end(load.end)
            found += [Case(f"{groups[n]}/{way}", load, n, counted=[place.daemon] if way == SHIM else [],
                           own_cpu=way != REMOTE, baseline=f"{groups[n]}/{RAW}",
                           bar=bar if way == SHIM and n == 1 else None)
                      for n in threads]
        for way in (SHIM,):
            slow = f"{groups[4]}/{way}"
            if any(case.name == slow for case in found):
                found.append(Case(f"{what}, shim, 4 threads to one/4 threads",
                                  next(c.load for c in found if c.name == slow), 4,
                                  counted=[place.daemon], baseline=f"{groups[1]}/{way}", bar=1.0))
    return found
