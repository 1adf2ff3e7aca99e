# Data keys: small values encrypted and decrypted again through libstrongroom, one by one and a thousand at a time, next to
# the raw token's AES-GCM.
#
# SPDX-License-Identifier: Apache-2.0
from load import Case, Load

THREADS = (1, 4)
SIZES = (16, 100, 1000)
RAW, SINGLE, BATCH = "raw token", "one by one", "by the thousand"
BARS = {SINGLE: 0.7, BATCH: 3.0}
BASELINES = {SINGLE: RAW, BATCH: SINGLE}


def start(place, way, size):
    program = place.program("bench_data")
    if way == RAW:
        as_owner, env = place.straight()
        return Load(way, as_owner + [program, "raw", str(size)], env=env)
    return Load(way, [program, "single" if way == SINGLE else "batch", str(size), place.family("data")])


def cases(place, wanted, at_end):
    found = []
    for size in SIZES:
        groups = {n: f"values of {size} bytes, {n} thread{'s' if n > 1 else ''}" for n in THREADS}
        for way in (RAW, SINGLE, BATCH):
            threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
            if not threads:
                continue
            load = start(place, way, size)
            at_end(load.end)
            found += [Case(f"{groups[n]}/{way}", load, n, counted=[] if way == RAW else [place.daemon],
                           baseline=f"{groups[n]}/{BASELINES.get(way, RAW)}", bar=BARS.get(way))
                      for n in threads]
    return found
