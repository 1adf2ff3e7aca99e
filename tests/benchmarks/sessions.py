# Session keys: signatures and verdicts through libstrongroom, next to the raw token's HMAC.
#
# SPDX-License-Identifier: Apache-2.0
from load import Case, Load

THREADS = (1, 4)
WAYS = ("raw token", "sign", "verify")
BARS = {"sign": 0.9, "verify": 0.9}


def start(place, way):
    program = place.program("bench_session")
    if way == "raw token":
        as_owner, env = place.straight()
        return Load(way, as_owner + [program, "raw"], env=env)
    return Load(way, [program, way, place.family()])


def cases(place, wanted, at_end):
    groups = {n: f"session keys, {n} thread{'s' if n > 1 else ''}" for n in THREADS}
    found = []
    for way in WAYS:
        threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
        if not threads:
            continue
        load = start(place, way)
        at_end(load.end)
        found += [Case(f"{groups[n]}/{way}", load, n, counted=[] if way == WAYS[0] else [place.daemon],
                       baseline=f"{groups[n]}/{WAYS[0]}", bar=BARS.get(way))
                  for n in threads]
    return found
