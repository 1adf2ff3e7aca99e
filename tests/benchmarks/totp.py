# Second factors: verdicts on codes through libstrongroom, with few users and with many, of whom each is asked for once.
#
# SPDX-License-Identifier: Apache-2.0
import time

from load import Case, Load

THREADS = (1, 4)
FEW = 1000
MANY = 100_000
PERIOD = 30


def wait_for_a_code(since):
    """All codes up to the daemon's start count as used."""
    time.sleep(max(0, (since // PERIOD + 1) * PERIOD - time.time()))


def cases(place, wanted, at_end):
    sizes = {f"{FEW} users": FEW, "many users": place.totp_users}
    groups = {n: f"second factors, {n} client{'s' if n > 1 else ''}" for n in THREADS}
    found = []
    for way, users in sizes.items():
        threads = [n for n in THREADS if wanted(f"{groups[n]}/{way}")]
        if not threads:
            continue
        family = place.totp_family(users)
        wait_for_a_code(place.began)
        load = Load(way, [place.program("bench_totp"), "verify", family, str(users)])
        at_end(load.end)
        found += [Case(f"{groups[n]}/{way}", load, n, counted=[place.daemon], baseline=f"{groups[n]}/{FEW} users",
                       bar=None if users == FEW else 1.0)
                  for n in threads]
    return found
