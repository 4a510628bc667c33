#!/usr/bin/env python3
"""Runs a folder of real logs through a build and compares what it finds with an oracle of its own.

  corpus.py FOLDER LOGVEIL [--show N] [--only TEXT]

Every file goes through three times: under the default policy, where lines, JSON, byte counters and survivors are
checked; what came out once more, which must change nothing; and under a policy that turns every finding into a token, which shows the span of each. IPv4 and IPv6 addresses,
hardware addresses and e-mail addresses are also searched for by the oracle below, which was written from the RFCs
(791, 4291, 4007, 5321, IEEE 802) with the standard library's `ipaddress`, not from logveil. Each difference must fall into a class; what falls into none
fails the run.
"""
import argparse
import collections
import ipaddress
import json
import os
import re
import subprocess
import sys
import tempfile
from urllib.parse import unquote_to_bytes

POLICY = """
[policy]
id = "spans"
title = "spans"
effective_from = "2021-03-10"
tz = "+00:00"
region = "CN"
default_retention = "none"
[[transform]]
id = "token"
kind = "pseudonym"
algorithm = "hmac-sha256"
domain = "d"
[[transform]]
id = "keep"
kind = "keep"
[[retention]]
class = "none"
ceiling = "P6M"
basis = ["none"]
[[clause]]
id = "weak"
entities = ["device.model", "device.os", "device.platform", "device.vendor", "carrier", "user_agent"]
apply = "keep"
retention = "none"
[[clause]]
id = "all"
categories = ["basic", "identity_doc", "net_id", "account", "property", "browse", "device", "location", "secret",
    "comm", "other"]
apply = "token"
retention = "none"
"""
KINDS = {"ip": "ip", "mac": "mac", "email": "email"}
ENTITIES = {"ip": ("ip.v4", "ip.v6", "ip.private", "ip.documentation", "ip.special"), "mac": ("device.mac",), "email": ("email",)}

# ---------------------------------------------------------------- the oracle

DOTTED = re.compile(rb"[0-9]+(?:\.[0-9]+)+")
HEXRUN = re.compile(rb"[0-9A-Fa-f]*(?::[0-9A-Fa-f.]*){2,}")
MACS = re.compile(rb"(?:[0-9A-Fa-f]{2}(?=([:-])))(?:\1[0-9A-Fa-f]{2}){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}")
WORD = re.compile(rb"[A-Za-z0-9_]")
AT = re.compile(rb"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24})(?![A-Za-z0-9])")
LOCAL = re.compile(rb"[A-Za-z0-9._%+-]+$")


def address(text):
    """The address that a text is, leading zeros of a dotted one read as decimal."""
    text = text.decode("ascii", "replace")
    if ":" not in text:
        parts = text.split(".")
        if len(parts) != 4 or not all(p.isdigit() and len(p) <= 3 and int(p) < 256 for p in parts):
            return None
        return ipaddress.IPv4Address(".".join(str(int(p)) for p in parts))
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None


def touches(line, start, end):
    """A word character stands right beside."""
    return bool(WORD.match(line[max(0, start - 1) : start]) or WORD.match(line[end : end + 1]))


def addresses(line):
    six = []
    for m in HEXRUN.finditer(line):
        s, e = m.span()
        while e > s and line[e - 1 : e] in (b".", b":") and line[e - 2 : e] != b"::":
            e -= 1
        if line[s : s + 1] == b":" and line[s : s + 2] != b"::":
            s += 1
        text = line[s:e]
        a = address(text) if b":" in text else None
        if a is None or touches(line, s, e):
            continue
        groups = [g for g in text.split(b":") if g]
        # Scopes of programs (`std::`, `a::b`), fingerprints of eight octets.
        if all(len(g) == 2 for g in groups) and len(groups) == 8 or not re.search(rb"[0-9]", text) and len(groups) < 3:
            continue
        six.append((s, e))
    yield from six
    for m in DOTTED.finditer(line):
        s, e = m.span()
        inside = any(a <= s and e <= b for a, b in six)
        if m.group().count(b".") == 3 and address(m.group()) and not touches(line, s, e) and not inside:
            yield s, e


def hardware(line):
    for m in MACS.finditer(line):
        s, e = m.span()
        mark = line[s + 2 : s + 3] if line[s + 2 : s + 3] in (b":", b"-") else b"."
        octets = re.sub(rb"[^0-9A-Fa-f]", b"", m.group()).lower()
        beside = re.search(rb"[A-Za-z0-9_]" + re.escape(mark) + rb"$", line[max(0, s - 2) : s])
        beside = beside or re.match(re.escape(mark) + rb"[A-Za-z0-9_]", line[e : e + 2])
        if touches(line, s, e) or beside or len(set(octets)) == 1 or octets == b"020000000000":
            continue
        yield s, e


def mailboxes(line):
    for m in AT.finditer(line):
        local = LOCAL.search(line[max(0, m.start() - 64) : m.start()])
        if local and not local.group().startswith(b"."):
            yield m.start() - len(local.group()), m.end()


ORACLE = {"ip": addresses, "mac": hardware, "email": mailboxes}


SURROGATES = ipaddress.ip_network("fdde:1d00::/32")


def machine(a):
    """Addresses that stay by policy: the machine's own, none, all, and masks."""
    a = getattr(a, "ipv4_mapped", None) or a
    if a.version == 6:
        return a.is_loopback or a.is_unspecified
    bits = f"{int(a):032b}"
    return a.is_loopback or int(a) >> 24 == 0 or "01" not in bits and int(a) >> 24 == 255



# ---------------------------------------------------------------- classes of differences

VERSION = re.compile(
    rb"(?:[A-Za-z][\w.+-]*/[vV]?|\brv:|(?i:version|ver|revision|firmware|build|release|section|android|\bv)[\"']?[ =:/]{1,3}[\"']?[\w.+~-]*?[-+~]?)$"
)
# Libraries behind a blank; what stands in or right behind the comment of a client: `Mozilla/4.0 (... PPC)/7.6.1.82`, HbbTV's third and
# fourth field, the field behind an SDK; inside the version of a browser.
CLIENT = re.compile(
    rb"(?:\b(?i:zlib|brew)[ +]|/[0-9.]+[ +]?\([^()\"]*\)/|browser/[0-9]+_|HbbTV/[0-9.]+ ?\((?:[^;()]*;){3,4} ?|/[0-9.]+ ?\([^()]*SDK; ?)$"
)


def left_out(kind, line, s, e):
    """Why logveil leaves what the oracle takes."""
    left, right = line[max(0, s - 60) : s], line[e : e + 40]
    if kind == "ip":
        if VERSION.search(left) or left.endswith(b"~~"):
            return "version behind a product or a key"
        if CLIENT.search(line[max(0, s - 200) : s]):
            return "version of a client or a library"
        if e - s == 7 and re.search(rb"/[A-Za-z]+-$", left) and right.startswith(b"/"):
            return "version of a library in a path"
        if re.search(rb"(?i)oid[\"']?[ =:]+[\"']?$", left):
            return "object identifier"
    if kind == "email":
        if line[s:e].startswith(b"git@") and (right.startswith(b":") or left.endswith(b"://")):
            return "repository"
        if re.search(rb"\.(?:png|jpe?g|gif|svg|js|css|service|socket|slice|scope|target|mount|timer)$", line[s:e]):
            return "file or unit behind an @"
        if re.search(rb"@(?:Redfish\.Allowable|odata\.)", line[s:e]):
            return "annotation of Redfish"
        if left.endswith(b"\\") and re.match(rb"u00[0-9a-f]{2}", line[s:e]):
            return "escape in front, taken without it"
    return None


def decoded(value):
    """A value without its escapes."""
    for _ in range(3):
        before = value
        value = re.sub(rb"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)).encode("utf8", "replace"), value)
        value = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), value)
        value = re.sub(rb"\\(.)", rb"\1", unquote_to_bytes(value))
        if value == before:
            break
    return value


def fanged(value):
    """`alice[at]example(dot)com` as `alice@example.com`."""
    marks = {b"at": b"@", b"@": b"@", b"dot": b".", b".": b"."}
    return re.sub(rb" ?[\[(](at|dot|@|\.)[\])] ?", lambda m: marks[m[1].lower()], value, flags=re.I)


def taken_more(kind, line, s, e):
    """Why logveil takes what the oracle leaves."""
    value, left, right = line[s:e], line[max(0, s - 60) : s], line[e : e + 40]
    plain = decoded(value)
    if plain != value and any(ORACLE[kind](b" " + plain + b" ")):
        return "written in escapes"
    if kind == "ip":
        core = re.split(rb"[%/]", plain.strip(b"[]"))[0]
        if address(core.replace(b"-", b".")) and b"-" in core:
            return "address in a host name"
        if re.match(rb"\.[0-9]{1,5}\b", right) and address(core):
            return "port behind one more dot"
        if address(core) and (WORD.match(left[-1:]) or WORD.match(right[:1])):
            return "letters touch it"
        if address(core):
            return "a key or an escape beside it"
        if address(core.rsplit(b":", 1)[0]):
            return "port behind a colon"
        if left.endswith(b"saddr=") and re.fullmatch(rb"0200[0-9A-F]{12}(?:[0-9A-F]{16})?", core):
            return "address of a socket in hexadecimal"
        if address(fanged(core)):
            return "written so that no program follows it"
        if core.startswith(b"0x"):
            return "hexadecimal form behind a key"
    if kind == "mac":
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", plain)
        if len(digits) > 12:
            return "header of a frame, or a longer identifier, behind a key"
        if len(digits) == 12:
            return "a key or an escape beside it" if b"%" not in value else "written in escapes"
    if kind == "email" and any(ORACLE[kind](b" " + fanged(plain) + b" ")):
        return "written so that no program follows it" if fanged(plain) != plain else "an escape beside it"
    if kind == "email" and b"@" in plain:
        return "longer or rarer local part (quoted, rewritten, beyond ASCII)"
    return None


# ---------------------------------------------------------------- runs


def filtered(binary, args, path):
    run = subprocess.run([binary, "filter", "--tag", "none", "--threads", "1", *args, path], capture_output=True)
    return run.returncode, run.stdout, run.stderr


BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16}")


def kinds_of_rules():
    """What tokens may begin with, as the rules say."""
    rules = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules", "entities")
    text = b"".join(open(os.path.join(rules, f), "rb").read() for f in os.listdir(rules))
    return set(re.findall(rb'^kind = "([a-z0-9]+)"', text, re.M))


def spans(before, after, token):
    """Findings of a line: (kind, start, end) in `before`, from where its literal parts stand in both."""
    out, at, last, open_at = [], 0, 0, None
    for m in list(token.finditer(after)) + [None]:
        literal = after[last : m.start() if m else len(after)]
        if m is None:
            found = len(before) - len(literal) if before.endswith(literal) else -1
            found = found if found >= 0 else len(before) - len(literal[1:]) if before.endswith(literal[1:]) else -1
        else:
            found = before.find(literal, at) if literal else at
            if found < 0 and open_at:  # the quotes of a number that became a string
                literal = literal[1:]
                found = before.find(literal, at)
            if found < 0:
                literal = literal[:-1]
                found = before.find(literal, at) if literal else at
        if found < at:
            return None
        if open_at:
            out.append((open_at[0], open_at[1], found))
        if m:
            at = found + len(literal)
            open_at = ((m.group(1) or b"").decode(), at)
            last = m.end()
    return out


def paths(value, here=""):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield here + "/" + key
            yield from paths(inner, here + "/" + key)
    elif isinstance(value, list):
        yield here + "/#%d" % len(value)
        for inner in value:
            yield from paths(inner, here + "/[]")


def names(value):
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from names(inner)


def load(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class Report:
    def __init__(self, show):
        self.show, self.shown = show, collections.Counter()
        self.failures, self.classes = [], collections.Counter()
        self.counts = collections.defaultdict(collections.Counter)

    def fail(self, text):
        self.failures.append(text)
        print("FAIL", text)

    def differ(self, kind, way, reason, where, line, s, e):
        self.classes[kind, way, reason or "UNEXPLAINED"] += 1
        key = (kind, way, reason)
        if reason is None:
            self.fail(f"{where}: {kind} {way}: {line[max(0, s - 40):s]!r} [{line[s:e]!r}] {line[e:e + 30]!r}")
        elif self.shown[key] < self.show:
            self.shown[key] += 1
            print(f"  {kind} {way}: {reason}: {where}: {line[max(0, s - 30):s]!r} [{line[s:e]!r}] {line[e:e + 20]!r}")


def check_json(where, before, after, report):
    a = load(before)
    if not isinstance(a, (dict, list)):
        return
    report.counts["all"]["json"] += 1
    b = load(after)
    if b is None:
        return report.fail(f"{where}: JSON no more")
    if len(list(paths(a))) != len(list(paths(b))):
        report.fail(f"{where}: other key paths")
    for key, n in (collections.Counter(names(a)) - collections.Counter(names(b))).items():
        line = key.encode()
        if not any(any(find(line)) for find in ORACLE.values()) and not re.fullmatch(r"1[3-9]\d{9}", key):
            report.fail(f"{where}: the key {key!r} was changed")
        report.counts["all"]["keys that are identifiers"] += n


REQUEST = re.compile(rb'" [0-9]{3} ([0-9]+)(?= |$)')
COUNTER = re.compile(rb'"(?:bytes|size|length|total|total_phys|bytes_sent|uptime|dur(?:ation)?)" ?: ?([0-9]{11,})(?=[ ,}])')


def check_file(path, name, binary, key, policy, token, report):
    once = os.path.join(os.path.dirname(key), "once")
    code, out, err = filtered(binary, ["-k", key, "--stats=json"], path)
    code2, marked, _ = filtered(binary, ["-k", key, "--policy", policy], path)
    with open(once, "wb") as f:
        f.write(out)
    if filtered(binary, ["-k", key], once)[1] != out:
        report.fail(f"{name}: a second pass changes the output")
    with open(path, "rb") as f:
        data = f.read()
    if code not in (0, 1) or code2 not in (0, 1):
        return report.fail(f"{name}: exit {code} and {code2}: {err[-200:]!r}")
    stats = json.loads(err.splitlines()[-1])
    lines, clean, marks = data.split(b"\n"), out.split(b"\n"), marked.split(b"\n")
    if not len(lines) == len(clean) == len(marks):
        return report.fail(f"{name}: {len(lines)} lines became {len(clean)}")
    folder = report.counts[name.split("/")[0]]
    folder["files"] += 1
    folder["lines"] += stats["records"]
    ours = collections.Counter()
    partly = False
    if len(lines) > 1:
        check_json(name, data, out, report)
    for n, (line, after, mark) in enumerate(zip(lines, clean, marks), 1):
        where = f"{name}:{n}"
        if line[:1] in b"{[" and line[-1:] in b"}]\r":
            check_json(where, line, after, report)
        for pattern in (REQUEST, COUNTER):
            long = [v for v in pattern.findall(line) if len(v) >= 11]
            report.counts["all"]["counters of 11 and more digits"] += len(long)
            if long and [v for v in pattern.findall(after) if len(v) >= 11] != long:
                report.fail(f"{where}: a byte counter was changed")
        found = spans(line, mark, token) if line != mark else []
        if found is None:
            # What stands in base64 is replaced there, and the run written anew: the oracle does not look inside.
            if BASE64.search(line):
                report.counts["all"]["lines rewritten inside base64"] += 1
                partly = True
            else:
                report.fail(f"{where}: bytes outside findings were changed")
            continue
        for kind in KINDS:
            mine = {(s, e) for k, s, e in found if KINDS.get(k) == kind}
            covered = [(s, e) for _, s, e in found]
            theirs = set(ORACLE[kind](line))
            ours[kind] += len(mine)
            folder[kind] += len(mine)
            folder["oracle " + kind] += len(theirs)
            for s, e in sorted(theirs):
                if not any(a <= s and e <= b for a, b in covered):
                    report.differ(kind, "left", left_out(kind, line, s, e), where, line, s, e)
            for s, e in sorted(mine):
                if not any(a <= s < b or s <= a < e for a, b in theirs):
                    report.differ(kind, "taken", taken_more(kind, line, s, e), where, line, s, e)
            for view in {after, decoded(after)}:
                for s, e in ORACLE[kind](view):
                    a = address(view[s:e]) if kind == "ip" else None
                    if a is not None and (machine(a) or a.version == 6 and a in SURROGATES):
                        continue
                    if left_out(kind, view, s, e) is None:
                        report.fail(f"{where}: {kind} survives: {view[max(0, s - 40):e + 20]!r}")
    for kind, names in ENTITIES.items():
        count = sum(stats["entities"][n] for n in names)
        if count != ours[kind] and not partly:
            report.fail(f"{name}: --stats counts {count} {kind}, its tokens are {ours[kind]}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder")
    p.add_argument("binary")
    p.add_argument("--show", type=int, default=0, help="examples of each class to print")
    p.add_argument("--only", default="", help="only files whose name holds this text")
    args = p.parse_args()
    report = Report(args.show)
    with tempfile.TemporaryDirectory() as scratch:
        key, policy = os.path.join(scratch, "key"), os.path.join(scratch, "policy.toml")
        with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as f:
            f.write(b"k" * 32)
        with open(policy, "w") as f:
            f.write(POLICY)
        kid = subprocess.run([args.binary, "filter", "--tag", "none", "-k", key, "--policy", policy], input=b"ip=192.0.2.1\n", capture_output=True).stdout.split(b"_")[1]
        kinds = b"|".join(sorted(kinds_of_rules(), key=len, reverse=True))
        token = re.compile(rb"(%s)_%s_[a-z2-7]{26}|REDACTED" % (kinds, kid))
        for folder, _, files in sorted(os.walk(args.folder)):
            for file in sorted(files):
                path = os.path.join(folder, file)
                name = os.path.relpath(path, args.folder)
                if file != "MANIFEST.tsv" and args.only in name:
                    check_file(path, name, args.binary, key, policy, token, report)
    columns = ["files", "lines", "ip", "oracle ip", "mac", "oracle mac", "email", "oracle email"]
    print("%-28s" % "folder" + "".join("%13s" % c for c in columns))
    total = collections.Counter()
    for folder, row in sorted(report.counts.items()):
        if folder != "all":
            total.update(row)
            print("%-28s" % folder + "".join("%13d" % row[c] for c in columns))
    print("%-28s" % "all" + "".join("%13d" % total[c] for c in columns))
    print(", ".join(f"{k} {v}" for k, v in sorted(report.counts["all"].items())))
    for (kind, way, reason), n in sorted(report.classes.items()):
        print("%-6s %-6s %7d  %s" % (kind, way, n, reason))
    print(f"{len(report.failures)} failures")
    sys.exit(bool(report.failures))


if __name__ == "__main__":
    main()
