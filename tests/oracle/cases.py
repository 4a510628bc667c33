#!/usr/bin/env python3
"""Runs the public test cases of other projects through a build, and says why each difference is one.

  cases.py SHARED LOGVEIL [--bool] [--table]     SHARED holds cases/ and gen/; LOGVEIL is the binary.

A span case must lose its expected spans, or, when it is complete and expects none, stay as it is. With --bool, cases
that only ask "is this one?" are put behind the key that a log would use: `idCard=... ;`.
Set aside, because they stay by policy: loopback, unspecified, broadcast and netmask addresses, hardware addresses of
all zeros or ones, service numbers (400, 800).
Exit 1 when a difference has no reason below, or when of the families that need no key (addresses, telephones, identity
numbers, IMEI, hardware addresses, e-mail) more than 1 % of what must go is missed, or more than 5 % of the lines that
must stay are changed (span cases).
"""
import argparse
import collections
import glob
import ipaddress
import json
import os
import re
import subprocess
import sys

FAMILIES = {"IP", "IPV4", "IPV6", "MAC", "EMAIL", "IMEI"}


def family(entity):
    return "core" if entity in FAMILIES or entity.startswith(("PHONE_CN", "CN_ID", "IMEI")) else "other"


def stays(entity, value):
    if entity == "PHONE_CN_400":
        return True
    if entity.startswith("MAC"):
        return len(set(value.lower().replace("%3a", ":")) - set(":-.")) == 1
    text = value.split("%")[0].strip("[]")
    if re.fullmatch(r"[0-9.]+:\d+", text):
        text = text.split(":")[0]
    try:
        a = ipaddress.ip_address(text)
    except ValueError:
        return False
    a = getattr(a, "ipv4_mapped", None) or a
    if a.version == 4:
        bits = f"{int(a):032b}"
        return a.is_loopback or int(a) >> 24 == 0 or "01" not in bits and int(a) >> 24 == 255
    return a.is_loopback or a.is_unspecified


# What no policy promises without its key, and what is no identifier of a person.
NOT_PROMISED = {
    "NAME_CN": "names without a key of their own are reported apart",
    "CN_NAME": "names without a key of their own are reported apart",
    "CN_ADDRESS": "addresses without a key of their own are reported apart",
    "DATE": "a date is no identifier; birth dates go by their key",
    "URL": "an address of a page is no identifier; what stands in it goes",
    "CRYPTO_BTC": "no entity for wallets: a rule of the user's own",
}


def luhn(digits):
    total = 0
    for i, c in enumerate(reversed(digits)):
        d = int(c) * (1 + i % 2)
        total += d - 9 * (d > 9)
    return total % 10 == 0


# Issuers and the lengths of their cards (ISO/IEC 7812): prefixes as ranges.
ISSUERS = [
    (r"4", (13, 16, 19)),
    (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    (r"3[47]", (15,)),
    (r"30[0-5]|3[68]", (14,)),
    (r"352[89]|35[3-8]", (16,)),
    (r"6011|64[4-9]|65", (16, 19)),
    (r"62|81", (16, 17, 18, 19)),
    (r"5[06-9]|6[0-9]", (12, 13, 14, 15, 16, 17, 18, 19)),
]


def issued(digits):
    return any(re.match(prefix, digits) and len(digits) in lengths for prefix, lengths in ISSUERS)


def keyed(before, words):
    """Does one of the words stand as a key right before a value? Two words with a blank between (`card number:`) are none."""
    return re.search(rf"(?:{words})(?:[_-]?(?:no|num|number))?[\"']?\s?(?:[:=：]\s?[\"'(+]*|[\"'(+]+)$|[\u4e00-\u9fff](?<=电话|手机|号码)\s?$", before, re.I)


def why_card_missed(value, digits, before):
    if keyed(before, "card|pan|account"):
        return None
    if "+" in value:
        return "`+` between groups in a text that is not encoded"
    if len(set(digits)) == 1 or not luhn(digits):
        return "no card: its check digit is wrong or all its digits are one, and no key names it"
    if not issued(digits):
        return "no card: no issuer has its first digits and length, and no key names it"
    if re.search(r"\d$", before):
        return "digits touch it"
    return None


def why_ssn_missed(value, before):
    if not re.fullmatch(r"\d{3}([-. +]?)\d{2}\1\d{4}", value):
        return "no social security number: those have groups of three, two and four"
    if keyed(before, "ssn|social security"):
        return None
    if before.rstrip().endswith("ssn is"):
        return "a word and `is` before a value are no key in English"
    return "nine digits without a key are anything"


def why_phone_missed(value, digits, before):
    if re.fullmatch(r"(\+|%2B)(1234567|123456789012345)", value):
        return "no number of any country's plan"
    if value.strip().startswith("+"):
        return None
    if re.match(r"[48]00\d{7}", digits):
        return "a service number, which stays by policy"
    if re.fullmatch(r"0\d{2,3}-1\d{7}", value):
        return "no subscriber number of a fixed line begins with 1"
    if keyed(before, "phone|mobile|tel|cell"):
        return None
    # Ten digits of North America or of an invented plan; Chinese numbers have a reason of their own or none.
    if re.fullmatch(r"1?\d{10}", digits) and not re.match(r"(86)?1[3-9]\d{9}$|0", digits):
        return "without a key no number: its area is none, or blanks stand between its groups"
    return None


def why_missed_other(entity, value, kind, before):
    digits = re.sub(r"\D", "", value)
    if entity == "IBAN" and kind == "bool":
        return "no country has the code QQ" if value.startswith("QQ") else None
    if NOT_PROMISED.get(entity):
        return NOT_PROMISED[entity]
    if entity == "US_SSN":
        return why_ssn_missed(value, before)
    if entity.startswith("CREDIT_CARD"):
        return why_card_missed(value, digits, before)
    if entity == "LUHN" and not 13 <= len(digits) <= 19:
        return "no card has so few or many digits"
    if entity == "CN_PASSPORT":
        return "a letter and digits without a key"
    if entity == "GPS":
        return "one number without a key of its own is no place"
    if entity == "PHONE":
        return why_phone_missed(value, digits, before)
    if entity == "CN_USCC":
        return "a code in groups behind a key without quotes"
    return None


def why_missed(entity, value, line, kind, before):
    if re.search(r"\d\." + re.escape(value) + r"|" + re.escape(value) + r"\.\d", line):
        return "the same digits stand in a longer object id of the line"
    if entity.startswith("IP") and ":" in value and not re.search(r"\d", value):
        return "an IPv6 address without a digit and of one or two groups reads as a scope (`a::`)"
    if entity == "PHONE_CN_FIXED":
        return "no subscriber number of a fixed line begins with 1"
    return why_missed_other(entity, value, kind, before)


def why_changed(entity, value):
    if entity == "EMAIL":
        return "any top-level domain of letters is believed"
    if entity.startswith("CN_ID") and re.fullmatch(r"\d{17}[\dXx]|\d{15}", value):
        return "behind its key a number goes whatever its check digit or county"
    if entity == "PHONE" and value.strip(".").endswith("020 7946 0958"):
        return "a number of Guangzhou by its area code"
    if entity.startswith("PHONE_CN") and re.fullmatch(r"1[3-9]\d{9}", value):
        return "behind its key the shape 1[3-9] decides: new segments must not leak"
    if entity.startswith("PHONE_CN") and re.fullmatch(r"[1-9][1-9]9\d{8}", value):
        return "behind its key a mobile number of Brazil"
    if entity.startswith("IMEI"):
        return "behind its key a number goes whatever its check digit"
    if entity in ("MEID", "IMSI", "CN_USCC", "LUHN", "IBAN"):
        return "behind its key a number goes whatever its check digits"
    if entity.startswith("MAC"):
        return "behind its key every vendor code and longer frame goes"
    if entity.startswith("IP"):
        if re.fullmatch(r"[\d.]+", value):
            return "zero-padded octets, dots around an address: parsers refuse them, logs write them"
        if "0x" in value:
            return "hexadecimal octets behind a key"
        return "an address with something attached: what is not an address as a whole holds one"
    return None


def load(shared, with_bool, keys):
    cases, skipped = [], 0
    for path in sorted(glob.glob(os.path.join(shared, "cases", "*.jsonl"))):
        for line in open(path, encoding="utf8"):
            r = json.loads(line)
            text = r["text"]
            if r["kind"] == "bool" and with_bool and r["entity"] in keys:
                text = f"{keys[r['entity']]}={text} ;"
            elif r["kind"] != "span" or r.get("complete") is None:
                continue
            if not r["text"].strip() or any(c in text for c in "\n\r\x0b\x0c\x85\u2028\u2029\0"):
                skipped += 1
                continue
            cases.append((r, text))
    return cases, skipped


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("shared")
    p.add_argument("binary")
    p.add_argument("--bool", action="store_true", help="also the cases that only ask whether a value is one")
    p.add_argument("--table", action="store_true", help="print the differences as a Markdown table")
    args = p.parse_args()
    sys.path.insert(0, os.path.join(args.shared, "gen"))
    from score import found
    from score_cases import KEY

    cases, skipped = load(args.shared, args.bool, KEY)
    data = "\n".join(t for _, t in cases).encode() + b"\n"
    run = subprocess.run([args.binary, "filter", "--tag", "none"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    out = run.stdout.split(b"\n")
    if len(out) != len(cases) + 1:
        sys.exit(f"{len(cases)} cases became {len(out) - 1} lines (exit {run.returncode})")
    count, reasons, unexplained = collections.Counter(), collections.Counter(), []

    def differ(way, r, value, reason):
        reasons[r["suite"], r["kind"], r["entity"], way, reason or "UNEXPLAINED"] += 1
        if reason is None:
            unexplained.append(f"{way} {r['id']} {r['entity']} {value!r} in {r['text'][:160]!r}")

    for (r, text), line in zip(cases, out):
        raw, kind, group = r["text"].encode(), r["kind"], family(r["entity"])
        if kind == "span" and r["expected"] or kind == "bool" and r["expected"]:
            for s, e in r["expected"] if kind == "span" else [(0, len(raw))]:
                value = raw[s:e].decode("utf8", "replace")
                if stays(r["entity"], value):
                    count["set aside"] += 1
                    continue
                count[group, kind, "must go"] += 1
                still = found(line, raw[s:e], "IPV6" if b":" in raw[s:e] else "X") if kind == "span" else raw in line
                if still:
                    count[group, kind, "missed"] += 1
                    before = raw[:s].decode("utf8", "replace")
                    differ("missed", r, value, why_missed(r["entity"], value, line.decode("utf8", "replace"), kind, before))
        else:
            count[group, kind, "must stay"] += 1
            if (line != text.encode()) if kind == "span" else (raw not in line):
                count[group, kind, "changed"] += 1
                differ("changed", r, r["text"], why_changed(r["entity"], r["text"]))
    if args.table:
        print("| suite | kind | entity | | cases | reason |\n|---|---|---|---|---|---|")
    for (suite, kind, entity, way, reason), n in sorted(reasons.items()):
        print(f"| {suite} | {kind} | {entity} | {way} | {n} | {reason} |" if args.table else f"{suite:<26}{kind:<6}{entity:<18}{way:<8}{n:>5}  {reason}")
    for line in unexplained:
        print("UNEXPLAINED", line)
    worst = False
    kinds = ("span", "bool") if args.bool else ("span",)
    for group, kind in ((g, k) for g in ("core", "other") for k in kinds):
        go, missed, stay, changed = (count[group, kind, k] for k in ("must go", "missed", "must stay", "changed"))
        print(f"{group} {kind}: must go {go}, missed {missed} ({100 * missed / max(1, go):.2f} %); must stay {stay}, changed {changed} ({100 * changed / max(1, stay):.2f} %)")
        worst |= group == "core" and (missed * 100 > go or kind == "span" and changed * 20 > stay)
    print(f"set aside {count['set aside']}, skipped {skipped} (line breaks)")
    sys.exit(bool(worst or unexplained))


if __name__ == "__main__":
    main()
