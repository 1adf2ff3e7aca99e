# Signatures per second: the raw token in the program's own process, and the ways that we offer.
#
# SPDX-License-Identifier: Apache-2.0
from load import Case, Load
from place import KEY_TYPES

THREADS = (1, 4)
WAYS = ("raw token", "raw copy", "provider on module", "shim", "provider on shim")
BASELINE = WAYS[0]
BARS = {("provider on module", "p-256"): 1.0,
        ("provider on module", "rsa-2048"): 1.0,
        ("provider on shim", "p-256"): 0.9,
        ("provider on shim", "rsa-2048"): 0.98}


def start(place, uri, way):
    program = [place.program("bench_sign"), "--uri", uri, "--threads", str(max(THREADS))]
    if way == "provider on shim":
        return Load(way, program)
    if way == "shim":
        return Load(way, program + ["--module", place.shim])
    as_owner, env = place.straight()
    if way != "provider on module":
        program += ["--module", place.token_module, "--pin-file", place.pin_file]
    if way == "raw copy":
        program += ["--copy"]
    return Load(way, as_owner + program, env=env)


def cases(place, wanted, at_end):
    """One process at a time is started: who logs in to SoftHSM disturbs whoever looks for a token just then."""
    found = []
    for kind in KEY_TYPES:
        groups = {n: f"{kind} signatures, {n} thread{'s' if n > 1 else ''}" for n in THREADS}
        for way in WAYS:
            threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
            if not threads:
                continue
            load = start(place, place.key(kind)[0], way)
            at_end(load.end)
            found += [Case(f"{groups[n]}/{way}", load, n,
                           counted=[place.daemon] if way.endswith("shim") else [],
                           baseline=f"{groups[n]}/{BASELINE}", bar=BARS.get((way, kind)))
                      for n in threads]
    return found
