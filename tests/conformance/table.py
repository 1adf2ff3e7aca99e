# SPDX-License-Identifier: Apache-2.0
"""usage: table.py same ONE OTHER            both must be the same
          table.py document DIRECT SHIM DOC  writes the document DOC; the calls that differ must have a reason each
The files are what the program conformance-table printed."""
import sys
from collections import Counter

from table_rules import ABSENT, REASONS, Difference, reason

OPERATIONS = ["encrypt", "decrypt", "sign", "verify", "digest", "wrap", "unwrap", "derive", "generate"]
NUMBERS = {name: number for number, name in enumerate(REASONS, 1)}

INTRODUCTION = """# Conformance

Every function of Cryptoki 2.40 and 3.0 and every mechanism of SoftHSM 2.6.1, called directly and through the shim: rightly, and with
wrong handles, keys, parameters and buffers. Through the shim the caller may `manage`, and no custody rule is switched off.
`tests/conformance/table --write` makes this file; `tests/conformance/table` fails where it is not what the program makes, or
where a difference has no reason.

{calls} calls were made directly; {same} of them give the same through the shim. The others differ for these reasons:

| | calls | reason |
|---|---|---|
"""


def read(path):
    lines = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            subject, case, result = line.rstrip("\n").split("\t")
            key = (subject, case)
            if key in lines and lines[key] != result.strip():
                sys.exit(f"{path}: two results of {subject}, {case}")
            lines[key] = result.strip()
    if len(lines) < 1000:
        sys.exit(f"{path}: only {len(lines)} calls")
    if ("C_GetMechanismList", "a mechanism that the table does not know") in lines:
        sys.exit(f"{path}: the token has a mechanism that the table does not know")
    return lines


def differences(direct, shim):
    keys = list(direct) + [key for key in shim if key not in direct]
    return [Difference(*key, direct.get(key, ABSENT), shim.get(key, ABSENT), shim) for key in keys
            if direct.get(key, ABSENT) != shim.get(key, ABSENT)]


def same(one, other):
    found = differences(one, other)
    for d in found:
        print(f"{d.subject}: {d.case}: {d.direct}, and {d.shim}")
    print(f"{len(one)} calls, {len(found)} differ")
    return not found


def cell(numbers):
    return ", ".join(str(number) for number in sorted(set(numbers)))


def document(direct, shim, path):
    found = differences(direct, shim)
    whys = {(d.subject, d.case): reason(d) for d in found}
    unknown = [d for d in found if whys[(d.subject, d.case)] is None]
    for d in unknown:
        print(f"no reason is known: {d.subject}: {d.case}: directly {d.direct}, through the shim {d.shim}")
    number = {key: NUMBERS[why] for key, why in whys.items() if why is not None}
    counts = Counter(number.values())
    keys = list(direct) + [key for key in shim if key not in direct]
    with open(path, "w", encoding="utf-8") as out:
        out.write(INTRODUCTION.format(calls=len(direct), same=sum(key not in whys for key in direct)))
        for name, text in REASONS.items():
            if counts[NUMBERS[name]]:
                out.write(f"| {NUMBERS[name]} | {counts[NUMBERS[name]]} | {text} |\n")
        functions(out, keys, number)
        mechanisms(out, keys, number, direct)
        every_one(out, found, number)
    print(f"{len(direct)} calls, {len(found)} differ, {len(unknown)} without a reason")
    return not unknown


def functions(out, keys, number):
    out.write("\n## Functions\n\nWith the calls that no mechanism has a part in; numbers are those of the reasons.\n\n"
              "| function | calls | through the shim |\n|---|---|---|\n")
    names = sorted({subject for subject, _ in keys if not subject.startswith("CKM_")})
    for name in names:
        calls = [key for key in keys if key[0] == name]
        differ = [number[key] for key in calls if key in number]
        out.write(f"| {name} | {len(calls)} | {'same' if not differ else f'{len(differ)} differ: {cell(differ)}'} |\n")


def mechanisms(out, keys, number, direct):
    out.write("\n## Mechanisms\n\n\"Same\": all calls gave the same; numbers: some did not, for these reasons; nothing: the token "
              "does not offer\nit, and says so through the shim with the same return value.\n\n"
              f"| mechanism | info | {' | '.join(OPERATIONS)} |\n|---|---|{'---|' * len(OPERATIONS)}\n")
    for name in [subject for subject, case in direct if case == "listed"]:
        cells = [cell(number[key] for key in keys if key[0] == name and key[1] in ("listed", "info") and key in number)
                 or "same"]
        for operation in OPERATIONS:
            calls = [key for key in keys if key[0] == name and key[1].startswith(operation + ":")]
            offered = any("not offered" not in case for _, case in calls)
            cells.append(cell(number[key] for key in calls if key in number) or ("same" if offered else ""))
        out.write(f"| {name} | {' | '.join(cells)} |\n")


def every_one(out, found, number):
    out.write("\n## Every difference\n\n| | call | directly | through the shim | of |\n|---|---|---|---|---|\n")
    groups = {}
    for d in found:
        key = (d.subject, d.case)
        if key in number:
            subject = "" if d.subject.startswith("CKM_") else d.subject + ": "
            groups.setdefault((number[key], subject + d.case, d.direct, d.shim), []).append(d.subject)
    for (why, case, direct, shim), subjects in sorted(groups.items()):
        of = ", ".join(subject[4:] for subject in subjects if subject.startswith("CKM_"))
        out.write(f"| {why} | {case} | {direct} | {shim} | {of} |\n")


if sys.argv[1:2] == ["same"] and len(sys.argv) == 4:
    sys.exit(0 if same(read(sys.argv[2]), read(sys.argv[3])) else 1)
if sys.argv[1:2] == ["document"] and len(sys.argv) == 5:
    sys.exit(0 if document(read(sys.argv[2]), read(sys.argv[3]), sys.argv[4]) else 1)
sys.exit(__doc__)
