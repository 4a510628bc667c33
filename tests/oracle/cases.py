#!/usr/bin/env python3
"""Lists the public cases that a build misses, values that stay by policy set aside.

  cases.py SHARED LOGVEIL     SHARED holds cases/ and gen/score.py; LOGVEIL is the binary.

Set aside: loopback, unspecified, broadcast and netmask addresses, and hardware addresses of all zeros or ones.
Exit 1 when more than 1 % of the values that must go are missed.
"""
import collections
import glob
import ipaddress
import json
import os
import subprocess
import sys

ENTITIES = {"IP", "IPV4", "IPV6", "MAC", "EMAIL", "IMEI"}


def stays(entity, value):
    if entity == "MAC":
        return len(set(value.lower().replace("%3a", ":")) - set(":-.")) == 1
    try:
        a = ipaddress.ip_address(value.split("%")[0].strip("[]"))
    except ValueError:
        return False
    a = getattr(a, "ipv4_mapped", None) or a
    if a.version == 4:
        bits = f"{int(a):032b}"
        return a.is_loopback or value.startswith("0.") or ("01" not in bits and value.startswith("255."))
    return a.is_loopback or a.is_unspecified


def main():
    shared, binary = sys.argv[1:3]
    sys.path.insert(0, os.path.join(shared, "gen"))
    from score import found

    cases = []
    for path in sorted(glob.glob(os.path.join(shared, "cases", "*.jsonl"))):
        for line in open(path, encoding="utf8"):
            r = json.loads(line)
            wanted = r["entity"] in ENTITIES or r["entity"].startswith(("PHONE_CN", "CN_ID"))
            text = r["text"]
            breaks = any(c in text for c in "\n\r\x0b\x0c\x85\u2028\u2029\0")
            if r["kind"] == "span" and r.get("complete") is not None and wanted and text.strip() and not breaks:
                cases.append(r)
    data = "\n".join(r["text"] for r in cases).encode() + b"\n"
    run = subprocess.run([binary, "filter", "--tag", "none"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = run.stdout.split(b"\n")
    total, aside, missed = 0, 0, collections.defaultdict(list)
    for r, line in zip(cases, out):
        raw = r["text"].encode()
        for s, e in r["expected"]:
            value = raw[s:e].decode("utf8", "replace")
            if stays(r["entity"], value):
                aside += 1
                continue
            total += 1
            if found(line, raw[s:e], "IPV6" if b":" in raw[s:e] else "X"):
                missed[(r["suite"], r["entity"])].append((r["id"], value, r["text"][:200]))
    n = sum(map(len, missed.values()))
    for key, rows in sorted(missed.items()):
        print(*key, len(rows))
        for row in rows[:40]:
            print("   ", *row, sep="  ")
    print(f"must go {total}, set aside {aside}, missed {n} ({100 * n / max(1, total):.2f} %)")
    sys.exit(n * 100 > total)


if __name__ == "__main__":
    main()
