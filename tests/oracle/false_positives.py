#!/usr/bin/env python3
"""What a build takes out of a folder of real logs, per entity and million lines, and how much of it identifies nobody.

  false_positives.py FOLDER LOGVEIL [--show N] [--table]

Findings are those of `logveil scan` under the default policy. Whoever looked at the classes of findings by hand wrote down
below what identifies nobody; a class is told by what stands around the finding, never by logveil's own reasons. Values are
not printed. Byte counters of requests, epochs, trace ids and digests are looked for apart: none may be among the findings.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

# entity, what stands to the left, the value, what stands to the right, what it is
CLASSES = [
    ("ip", rb"~~$", rb"[0-9.]+", rb"", "version of a package of Windows"),
    ("ip", rb"(?i)(?:/[a-z]+-)$", rb"[0-9.]+", rb"/", "version of a library in a path"),
    ("ip", rb"(?i)(?:browser/|browser/\w+_|zlib |BREW |YAdSDK; |DTV_\w+; |PPC\)/|HTC/\w+/)$", rb"[0-9.]+", rb"", "version in an old User-Agent, or behind a blank"),
    ("account", rb"", rb"N[/\\]+A|No|%%[0-9]+", rb"", "no name"),
    ("account", rb"(?i)LOGIN: $", rb"\w+", rb"", "a word of a sentence behind `login:`"),
    ("account", rb"(?i)no such user $", rb"found", rb"", "a word of a sentence"),
    ("account", rb"", rb"config\.New.*", rb"", "source code"),
    ("account", rb"Ecosia $", rb"ios|android", rb"@[0-9.]+", "name of a browser before its version"),
    ("account", rb"PIN: $", rb"[0-9-]+", rb"", "code of a debugger"),
    ("account", rb"(?i)(?:user|account):\s+$", rb"Security", rb" ID:", "headings of Windows"),
    ("account", rb"", rb"[A-Z0-9-]+\$(?:@[A-Z.]+)?", rb"", "account of a machine"),
    ("account", rb"", rb"(?:DWM|UMFD)-[0-9]|krbtgt|DefaultAccount|WDAGUtilityAccount", rb"", "account of Windows itself"),
    ("account.id", rb"(?i)\buid(?: = |=|: ?)$", rb"[0-9]{5}", rb"", "user of an Android app"),
    ("account.id", rb"(?i)\buid\\?\"[ :]*\\?\"$", rb"ni?-[0-9]+", rb"", "node of a mesh"),
    ("account.id", rb"(?i)\buid\\?\"[ :]*\\?\"$", rb"[0-9a-f]{8}-[0-9a-f-]{27}", rb"", "object of Kubernetes or event of an auditor"),
    ("account.id", rb"(?i)\buid\\?\"[ :]*\\?\"$", rb"C[A-Za-z0-9]{15,18}", rb"", "connection of Zeek"),
    ("account.id", rb"(?i)external_id\"[ :]*\"$", rb"TA[0-9]+", rb"", "tactic of MITRE"),
    ("account.id", rb"MemberId\"[ :]*\"$", rb".*", rb"", "part of a machine"),
    ("account.id", rb"UserID=\"$", rb"S-1-5-[0-9]+", rb"", "well-known account of Windows"),
    ("secret.session", rb"Session: $", rb"[0-9]+_[0-9]+", rb"", "session of Windows' servicing"),
    ("secret.session", rb"(?i)session[-_ ]?id(?:-32)?(?: = |=\"?|\":\"?|: )$", rb"0x[0-9a-f]+|[0-9]+", rb"", "session of a firewall or cluster"),
    ("secret.session", rb"(?i)session: $", rb"0x[0-9a-f]+", rb"", "session of a firewall or cluster"),
    ("secret.session", rb"SID: $", rb"[0-9]+", rb", Rev", "signature of Snort"),
    ("secret.password", rb"(?i)using password: $", rb"YES|NO", rb"", "answer to `using password`"),
    ("secret.password", rb"", rb"[\[_<(]+(?i:filtered|redacted)[\]_>)]+", rb"", "veiled by the logger"),
    ("secret.password", rb"passwd:$", rb"chauthtok", rb"", "name of a PAM function"),
    ("secret.password", rb"", rb"config\.New.*|secret\.Bytes\(|c\.Message", rb"", "source code"),
    ("secret.password", rb"log [0-9] pass = $", rb"\w+", rb"", "line of a test behind `pass =`"),
    ("secret.token", rb"(?i)token:\s+$", rb"%%[0-9]+", rb"", "number of a message of Windows"),
    ("secret.token", rb"(?i)token(?:=|: )$", rb"Token\{[0-9a-f]+|android\.[\w.]+@[0-9a-f]+", rb"", "name of an object in memory"),
    ("secret.token", rb"(?i)token: ?$", rb"Expired", rb"", "a word of a sentence"),
    ("browse.search", rb"(?i)keywords?\\*\"[ :\[]*\\*\"$", rb"Classic|.*", rb"", "keyword of an event or a ticket"),
    ("browse.search", rb"\"keywords\":\[.*\"$", rb".*", rb"", "keyword of an event or a ticket"),
    ("net.wifi", rb"ss\.id=$", rb".*", rb"", "column of a table in SQL"),
    ("device.model", rb"\"model\":$", rb"[0-9]+", rb"", "number of a processor"),
    ("email", rb"", rb".*@(?:Redfish|odata)\..*", rb"", "annotation of Redfish"),
    ("email", rb"", rb".*(?:@|%40)(?:mozilla\.(?:org|com)|getpocket\.com|lastpass\.com|raymondhill\.net|johnathan\.nightingale|eric\.h\.jung|jetpack)", rb"", "name of an add-on"),
    ("phone.mobile.cn", rb"\"$|GET /\?$", rb"1[0-9]{10}", rb"\":[0-9]| HTTP", "number in a place that tells nothing"),
]
CLASSES = [(e, re.compile(l), re.compile(v), re.compile(r), why) for e, l, v, r, why in CLASSES]

# What must stay: a name, and a pattern whose group is the value.
NEVER = [
    ("byte counter", re.compile(rb'" [0-9]{3} ([0-9]+)(?= |$)')),
    ("byte counter", re.compile(rb'"(?:bytes|size|length|total|bytes_sent|bytes_recv|body_bytes_sent)" ?: ?([0-9]+)')),
    ("epoch", re.compile(rb"(?<![0-9A-Za-z.])(1[0-7][0-9]{8}(?:[0-9]{3}){0,3})(?![0-9A-Za-z])")),
    ("request id", re.compile(rb"(?i)(?:request|trace|span|correlation)[-_]?id\\?[\"']?[=: ]+\\?[\"']?([0-9a-f]{8}-[0-9a-f-]{27})")),
    ("digest", re.compile(rb"(?i)(?:md5|sha1|sha256|digest|etag|fingerprint)\\?[\"']?[=: ]+\\?[\"']?([0-9a-f]{32,64})\b")),
    ("object identifier", re.compile(rb"(?<![0-9.])(1\.3\.6\.1(?:\.[0-9]+){3,})")),
]
ID = re.compile(rb"(?i)id[\"'\\\\]*[=: ]+[\"'\\\\]*$|S-1-5-21-(?:[0-9]+-)*$")
FAMILY = {"ip.v4": "ip", "ip.v6": "ip", "ip.private": "ip", "ip.documentation": "ip", "ip.special": "ip"}


def why_false(entity, line, s, e):
    left, value, right = line[max(0, s - 60) : s], line[s:e], line[e : e + 20]
    for name, l, v, r, why in CLASSES:
        if name in (entity, FAMILY.get(entity)) and l.search(left) and v.fullmatch(value) and r.match(right):
            return why
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("binary")
    p.add_argument("--show", type=int, default=0, help="places of each class to print, by file and line")
    p.add_argument("--table", action="store_true", help="print Markdown")
    args = p.parse_args()
    lines, never = 0, collections.Counter()
    found, false, shown = collections.Counter(), collections.Counter(), collections.Counter()
    touched = []
    for folder, _, files in sorted(os.walk(args.folder)):
        for file in sorted(files):
            if file == "MANIFEST.tsv":
                continue
            path = os.path.join(folder, file)
            with open(path, "rb") as f:
                data = f.read().split(b"\n")
            lines += len(data) - (data[-1] == b"")
            run = subprocess.run([args.binary, "scan", "--report", "jsonl", "--exit-zero", path], capture_output=True)
            spans = collections.defaultdict(list)
            for row in map(json.loads, run.stdout.splitlines()):
                if "entity" in row and row["line"] <= len(data):
                    spans[row["line"]].append((row["column"] - 1, row["column"] - 1 + row["length"], row["entity"]))
            for n, line in enumerate(data, 1):
                for s, e, entity in spans.get(n, ()):
                    found[entity] += 1
                    why = why_false(entity, line, s, e)
                    if why:
                        false[entity, why] += 1
                        shown[entity, why] += 1
                        if shown[entity, why] <= args.show:
                            print(f"  {entity}: {why}: {os.path.relpath(path, args.folder)}:{n}:{s + 1}")
                for name, pattern in NEVER:
                    for m in pattern.finditer(line):
                        # A number under the key of an id, or in the SID of an account of Windows, is one, whatever its digits look like.
                        if name == "epoch" and ID.search(line[max(0, m.start() - 40) : m.start()]):
                            continue
                        never[name] += 1
                        if any(s < m.end(1) and m.start(1) < e for s, e, _ in spans.get(n, ())):
                            touched.append(f"{os.path.relpath(path, args.folder)}:{n}: {name}")
    per = lambda n: f"{n * 1_000_000 / lines:,.0f}"
    if args.table:
        print(f"{lines:,} lines\n\n| entity | findings | per million lines | of them nobody's | per million lines | classes |\n|---|---|---|---|---|---|")
    for entity, n in found.most_common():
        classes = {why: k for (x, why), k in false.items() if x == entity}
        bad = sum(classes.values())
        text = "; ".join(f"{why} {k:,}" for why, k in sorted(classes.items(), key=lambda c: -c[1]))
        if args.table:
            print(f"| `{entity}` | {n:,} | {per(n)} | {bad:,} | {per(bad)} | {text} |")
        else:
            print(f"{entity:20s}{n:9,}{per(n):>10s}{bad:9,}{per(bad):>10s}  {text}")
    total, bad = sum(found.values()), sum(false.values())
    end = f"| all | {total:,} | {per(total)} | {bad:,} | {per(bad)} | |" if args.table else f"{'all':20s}{total:9,}{per(total):>10s}{bad:9,}{per(bad):>10s}"
    print(end)
    print("\nlooked at and untouched: " + ", ".join(f"{n:,} of {k}" for k, n in sorted(never.items())))
    for place in touched:
        print("TOUCHED", place)
    sys.exit(bool(touched))


if __name__ == "__main__":
    main()
