#!/usr/bin/env python3
"""Makes labelled logs, runs them through a build with its default policy, and scores what came out.

  generated.py SHARED LOGVEIL [--mb 100] [--seeds 7,8] [--work DIR]     SHARED holds gen/; LOGVEIL is the binary.

Each seed is made plain and with --dirty --long-lines. Two labels of the generator are a choice where logveil's default is
another one, and the run states that choice as a user would: `openudid=<40 hex>` is labelled a digest that must stay, so
`openudid` is listed under [[allow]] (`default` shows the share of hard negatives lost without that list). Loopback
addresses are labelled personal but stay; they are counted apart.
Of a value that is gone a run of its characters can stand in another value of the same line that must stay, an order number
or a time. Such a run counts as `chance` when it stands outside everything personal in the original, and else as `partial`.
Exit 1 when a line is missing, anything leaks or shows in part, or more than 0.02 % of the hard negatives of a file are lost.
"""
import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile

FILES = ("access.log", "telemetry.ndjson", "mixed.log")
ALLOW = '[[allow]]\nid = "digests"\nkeys = ["openudid"]\n'
LIMIT = 0.0002


def partials(score, original, truth, output):
    """How many values show in part, and how many of those only by chance."""
    before = open(original, "rb").read().split(b"\n")
    after = open(output, "rb").read().split(b"\n")
    shown = chance = 0
    with open(truth, "rb") as rows:
        next(rows)
        spans = {}
        for row in rows:
            f = row.decode("utf8", "surrogateescape").rstrip("\n").split("\t")
            if f[3] == "P":
                spans.setdefault(int(f[0]), []).append((int(f[1]), int(f[2]), f[4], score.unesc(f[6])))
    for number, values in spans.items():
        line, rest = after[number - 1], bytearray(before[number - 1])
        for start, end, _, _ in values:
            rest[start:end] = b"\0" * (end - start)
        for start, end, entity, value in values:
            if not score.lcrun(line, value):
                continue
            raw = before[number - 1][start:end]
            forms = [raw, *(x for x in score.variants(entity, value) if len(x) > 3)]
            if any(score.found(line, x, entity) for x in forms):
                continue
            shown += 1
            need = max(7, -(-len(value) * 7 // 10))
            runs = (value[i : i + need].encode("utf8", "surrogateescape") for i in range(len(value) - need + 1))
            chance += all(run in rest for run in runs if run in line)
    return shown, chance


def scored(arguments, folder, name, rules):
    """The report of score.py on one file, made with the stanzas of `rules`, and where its output stands."""
    source, output, report = (os.path.join(folder, name + x) for x in ("", ".out", ".json"))
    with open(source, "rb") as i, open(output, "wb") as o:
        command = [arguments.logveil, "filter", "--tag", "none", *rules]
        subprocess.run(command, stdin=i, stdout=o, stderr=subprocess.DEVNULL, check=True)
    command = [sys.executable, arguments.score, "--policy", "all", "--json", report]
    command += [source, source + ".truth.tsv", output]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    with open(report) as f:
        return json.load(f), output


def row(arguments, score, folder, name, allow):
    """One file's figures, printed; whether they are within the limits."""
    report, output = scored(arguments, folder, name, ["--rules", allow])
    loopback = sum(e["leak"] for k, e in report["entities"].items() if k == "IPV4_LOOPBACK")
    leaks = report["total"]["leaks"] - loopback
    source = os.path.join(folder, name)
    shown, chance = partials(score, source, source + ".truth.tsv", output)
    over = report["total"]["over_rate"]
    default = scored(arguments, folder, name, [])[0]["total"]["over_rate"]
    worst = max((e["leak"] / e["n"] for k, e in report["entities"].items() if k != "IPV4_LOOPBACK"), default=0)
    sound = report["lines_match"] and not report.get("json_invalid_out", 0) and not report.get("json_keys_missing_lines", 0)
    print(
        f"{name:<17} {report['total']['positives']:>8} {leaks:>6} {100 * worst:>8.3f} % {loopback:>8} {shown - chance:>8} "
        f"{chance:>6} {100 * over:>8.4f} % {100 * default:>8.4f} %  {'sound' if sound else 'BROKEN'}",
        flush=True,
    )
    return sound and leaks == 0 and shown == chance and over <= LIMIT


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared")
    parser.add_argument("logveil")
    parser.add_argument("--mb", default="100")
    parser.add_argument("--seeds", default="7,8")
    parser.add_argument("--work", help="keep the corpora here")
    arguments = parser.parse_args()
    arguments.score = os.path.join(arguments.shared, "gen", "score.py")
    spec = importlib.util.spec_from_file_location("score", arguments.score)
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or scratch
        allow = os.path.join(scratch, "allow.toml")
        with open(allow, "w") as f:
            f.write(ALLOW)
        fine = True
        for seed in arguments.seeds.split(","):
            for flags in ([], ["--dirty", "--long-lines"]):
                folder = os.path.join(work, "-".join([seed, *(x.strip("-") for x in flags)]))
                make = [sys.executable, os.path.join(arguments.shared, "gen", "gen_corpus.py"), "--out", folder]
                make += ["--mb", arguments.mb, "--seed", seed, *flags]
                subprocess.run(make, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                print(f"seed {seed} {' '.join(flags)}")
                print("file              personal  leaks   worst entity loopback  partial chance       over    default")
                fine &= all([row(arguments, score, folder, name, allow) for name in FILES])
    sys.exit(not fine)


if __name__ == "__main__":
    main()
