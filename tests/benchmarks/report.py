# What was measured, as a table and as JSON.
#
# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess

from place import tell


def cpu_model():
    found = re.search(r"^model name\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def package(name):
    result = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", name], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, check=False)
    return result.stdout or "unknown"


def circumstances(place):
    return {**json.loads(tell([place.program("bench_sign"), "--about"])),
            "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "kernel": platform.release(),
            "load_average": os.getloadavg()[0],
            "softhsm": package("libsofthsm2"),
            "nginx": package("nginx")}


def median_ratio(values, base):
    """The median of the ratios within each round: what else the machine does hits both."""
    return statistics.median(v / b for v, b in zip(values, base))


def results(cases):
    by_name = {case.name: case for case in cases}
    rows = []
    for case in cases:
        base = by_name.get(case.baseline)
        ratio = median_ratio(case.rates, base.rates) if base else None
        rows.append({"name": case.name, "threads": case.threads,
                     "rate": statistics.median(case.rates), "rates": case.rates,
                     "cpu_us": statistics.median(case.cpu), "cpus_us": case.cpu,
                     "ratio": ratio,
                     "cpu_ratio": median_ratio(case.cpu, base.cpu) if base else None,
                     "bar": case.bar,
                     "met": ratio >= case.bar if case.bar is not None and ratio is not None else None})
    return rows


def show_bar(row):
    if row["bar"] is None:
        return ""
    return f"{row['bar']:.2f} " + {True: "met", False: "MISSED", None: "(no baseline)"}[row["met"]]


def show_ratio(ratio):
    return "" if ratio is None else f"{ratio:.2f}"


def print_table(rows, where, settings):
    print(f"\n{where['cpu']}, {where['cores']} cores, Linux {where['kernel']}, load {where['load_average']:.2f}; "
          f"{where['openssl']}, SoftHSM {where['softhsm']}, nginx {where['nginx']}; "
          f"built as {where['build_type']}"
          + (f" WITH SANITIZERS ({where['sanitizers']})" if where["sanitizers"] else ""))
    print(f"Medians of {settings['rounds']} rounds of {settings['milliseconds']} ms, interleaved; ratios are taken "
          "within each round, of the group's first row.\n"
          "CPU: signatures: the program and strongroomd; handshakes: nginx's worker and strongroomd.\n")
    group = None
    order = list(dict.fromkeys(row["name"].split("/")[0] for row in rows))
    for row in sorted(rows, key=lambda r: order.index(r["name"].split("/")[0])):
        name, way = row["name"].split("/")
        if name != group:
            print(f"{name:<34}{'per second':>11}{'ratio':>8}{'CPU us':>9}{'ratio':>8}   bar")
            group = name
        print(f"  {way:<32}{row['rate']:>11.{0 if row['rate'] >= 100 else 2}f}{show_ratio(row['ratio']):>8}{row['cpu_us']:>9.1f}"
              f"{show_ratio(row['cpu_ratio']):>8}   {show_bar(row)}".rstrip())
    judged = [row["met"] for row in rows if row["met"] is not None]
    print(f"\n{sum(judged)} of {len(judged)} bars met" if judged else "\nno bar was judged")
