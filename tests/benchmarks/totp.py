# Second factors: verdicts on codes through libstrongroom. A thousand users who log in, alone in the registry and among many;
# and many of whom each is asked for once, so that each is read from the registry and written back.
#
# SPDX-License-Identifier: Apache-2.0
import time

from load import Case, Load

THREADS = (1, 4)
FEW = 1000
MANY = 100_000
PERIOD = 30


def wait_for_a_code(since):
    """What could have been used before the daemon's start counts as used."""
    time.sleep(max(0, (since // PERIOD + 2) * PERIOD - time.time()))


def cases(place, wanted, at_end):
    # way: how many there are, and how many of them take turns
    ways = {f"{FEW} users": (FEW, FEW), f"{FEW} of many": (place.totp_users, FEW),
            "many users": (place.totp_users, place.totp_users)}
    bars = {f"{FEW} of many": 1.0}
    groups = {n: f"second factors, {n} client{'s' if n > 1 else ''}" for n in THREADS}
    found = []
    for way, (users, turns) in ways.items():
        threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
        if not threads:
            continue
        family = place.totp_family(users)
        wait_for_a_code(place.began)
        load = Load(way, [place.program("bench_totp"), "verify", family, str(turns)])
        at_end(load.end)
        found += [Case(f"{groups[n]}/{way}", load, n, counted=[place.daemon], baseline=f"{groups[n]}/{FEW} users",
                       bar=bars.get(way))
                  for n in threads]
    return found
