#!/usr/bin/env python3
"""Lines of real logs inside of other records: what goes from the line alone must go there, and nothing else.

  wrapped.py FOLDER LOGVEIL [--lines N] [--show N]

Up to N lines of each file are de-identified as they are, in the format that their file has, and once in each wrapper: Docker's
json-file, Filebeat, all of it in ASCII, JSON in JSON, OTLP, the prefix of CRI, base64, hexadecimal digits, percent escapes and the
escapes of nginx. Both outputs are taken out of their wrapper by Python's own decoders and compared byte for byte. Every value becomes
the same word. Fails when a line differs that no reason below explains. Values are not printed unless asked for.
"""
import argparse
import base64
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse

CRI = "2026-11-23T02:11:45.123456789Z stdout F "
QUERY, END = "GET /log?m=", "&n=1 HTTP/1.1"


def dumps(x):
    return json.dumps(x, ensure_ascii=False)


def nginx(line):
    return re.sub(r'["\\\x80-\U0010ffff]', lambda m: "".join("\\x%02X" % b for b in m[0].encode()), line)


def from_nginx(line):
    raw = line.encode("utf-8", "surrogateescape")
    return re.sub(rb"\\x([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), raw).decode("utf-8", "surrogateescape")


def text(raw):
    return raw.decode("utf-8", "surrogateescape")


# name, how a line is wrapped, how it is taken out, whether it is known for a line of a program there
WRAPPERS = [
    ("docker", lambda l: dumps({"log": l + "\n", "stream": "stdout"}), lambda r: json.loads(r)["log"][:-1], True),
    ("filebeat", lambda l: dumps({"message": l, "input": {"type": "log"}}), lambda r: json.loads(r)["message"], True),
    ("ascii", lambda l: json.dumps({"message": l}), lambda r: json.loads(r)["message"], True),
    ("nested", lambda l: dumps({"log": dumps({"msg": l, "n": 1}) + "\n"}), lambda r: json.loads(json.loads(r)["log"])["msg"], True),
    ("otlp", lambda l: dumps({"body": {"stringValue": l}}), lambda r: json.loads(r)["body"]["stringValue"], True),
    ("cri", lambda l: CRI + l, lambda r: r[len(CRI):] if r.startswith(CRI) else r, True),
    ("base64", lambda l: dumps({"data": base64.b64encode(l.encode()).decode(), "n": 1}), lambda r: text(base64.b64decode(json.loads(r)["data"])), True),
    ("hex", lambda l: dumps({"data": l.encode().hex(), "n": 1}), lambda r: text(bytes.fromhex(json.loads(r)["data"])), True),
    ("nginx", lambda l: 'x "' + nginx(l) + '" y', lambda r: from_nginx(r[3:-3]), False),
    ("percent", lambda l: QUERY + urllib.parse.quote(l, safe="") + END, lambda r: urllib.parse.unquote(r[len(QUERY):-len(END)], errors="surrogateescape"), False),
]

RUN = re.compile(r"[A-Za-z0-9+/_-]{15,}")


def holds_clean_run(out):
    """True when a run of base64 or hexadecimal text in the output of the plain line was written anew."""
    # A run may be the last part of a path.
    for run in (part for whole in RUN.findall(out) for part in (whole, whole.rsplit("/", 1)[-1])):
        for decode in (lambda r: base64.b64decode(r + "=" * (-len(r) % 4)), bytes.fromhex):
            try:
                if b"REDACTED" in decode(run):
                    return True
            except ValueError:
                pass
    return False


def reason(wrapper, told, path, line, want, got, prose):
    """Why a wrapped line is read otherwise, or nothing. `prose` is what comes out when it stands in running text."""
    if wrapper in ("base64", "hex") and holds_clean_run(want):
        return "a run inside of a run goes whole"
    if wrapper == "hex" and got == line and line[0] in " \t":
        return "hexadecimal text that begins with a blank"
    if got == prose and (path.endswith(".csv") or "iis" in path):
        return "a header in another line names its columns"
    if wrapper == "nested" and line.lstrip().startswith("{") and line.count('\\"') > 3:
        return "JSON five deep"
    if not told and got == prose:
        return "nothing tells that a line of a program or of an access log stands there"
    return None


def deidentify(logveil, policy, lines, more):
    data = "".join(l + "\n" for l in lines).encode("utf-8", "surrogateescape")
    command = [logveil, "filter", "--policy", policy, "--tag", "none", *more]
    out = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return text(out.stdout).split("\n")[:-1]


def constant(folder):
    """The policy for websites with the same word for everything."""
    here = os.path.join(os.path.dirname(__file__), "..", "..", "rules", "policies", "web-minimal.toml")
    body = open(here, encoding="utf-8").read()
    path = os.path.join(folder, "constant.toml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(body.replace('apply = "truncate"', 'apply = "suppress"'))
    return path


def files(folder, most):
    for root, dirs, names in os.walk(folder):
        dirs.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            if name.endswith((".gz", ".md", ".py", ".zip", ".zst")):
                continue
            try:
                data = open(path, "rb").read(4_000_000).decode("utf-8")
            except UnicodeDecodeError:
                continue
            lines = [l.rstrip("\r") for l in data.split("\n")[:-1]]
            odd = re.compile("[\x00-\x08\x0b-\x1f\x85\u2028]")
            lines = [l for l in lines if l and len(l) < 4000 and not odd.search(l)]
            if lines:
                yield os.path.relpath(path, folder), lines[:: max(1, len(lines) // most)][:most]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("logveil")
    p.add_argument("--lines", type=int, default=200)
    p.add_argument("--show", type=int, default=0, help="print as many unexplained lines, values and all")
    a = p.parse_args()
    total, reasons, unexplained = collections.Counter(), collections.Counter(), collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        policy = constant(folder)
        known = []
        for path, lines in files(a.folder, a.lines):
            plain = deidentify(a.logveil, policy, lines, [])
            assert len(plain) == len(lines), path
            known += [(path, line, want) for line, want in zip(lines, plain)]
        prose = [out[2:] for out in deidentify(a.logveil, policy, ["x " + line for _, line, _ in known], ["--format", "text"])]
        for name, wrap, unwrap, told in WRAPPERS:
            fixed = [] if told and name != "cri" else ["--format", "text"]
            got = deidentify(a.logveil, policy, [wrap(line) for _, line, _ in known], fixed)
            assert len(got) == len(known), name
            for (path, line, want), alone, record in zip(known, prose, got):
                total[name] += 1
                try:
                    out = unwrap(record)
                except ValueError:
                    out = "no longer decodes"
                if out == want:
                    continue
                why = reason(name, told, path, line, want, out, alone)
                if why:
                    reasons[name, why] += 1
                    continue
                unexplained[name, path] += 1
                if sum(unexplained.values()) <= a.show:
                    at = next((i for i, (x, y) in enumerate(zip(want, out)) if x != y), min(len(want), len(out)))
                    low = max(0, at - 80)
                    print(f"{name} {path}\n  want {want[low:at + 120]!r}\n   got {out[low:at + 120]!r}")
    for (name, why), n in sorted(reasons.items()):
        print(f"{name:9} {n:6}  {why}")
    for (name, path), n in sorted(unexplained.items()):
        print(f"{name:9} {n:6}  UNEXPLAINED in {path}")
    print(f"{sum(total.values())} lines, {sum(reasons.values())} read otherwise with a reason, {sum(unexplained.values())} without")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
