#!/usr/bin/env python3
"""Makes labelled logs, runs them through a build, and scores what came out.

  generated.py SHARED LOGVEIL [--mb 100] [--seeds 7,8] [--work DIR]     SHARED holds gen/; LOGVEIL is the binary.

Each seed is made plain and with --dirty --long-lines. Two labels of the generator are a choice where the default of the
reference policy is another one, and the run makes that choice as a user would. `openudid=<40 hex>` is labelled a digest that
must stay: `openudid` is listed under [[allow]]. Loopback addresses are labelled personal: the clause that keeps them takes
them. The two columns on the right are the default: its leaks, which must be loopback addresses only, and the share of hard
negatives lost, which are the values of `openudid`.
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
POLICY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "rules", "policies", "jdcloud-2021.toml")
LIMIT = 0.0002


def chosen(folder):
    """Arguments for the two choices, written into `folder`."""
    allow, policy = os.path.join(folder, "allow.toml"), os.path.join(folder, "loopback.toml")
    with open(POLICY) as f:
        head, clause, tail = f.read().partition('id = "4.2.5/special"\n')
    with open(policy, "w") as f:
        f.write(head + clause + tail.replace('apply = "keep"', 'apply = "surrogate"', 1))
    with open(allow, "w") as f:
        f.write(ALLOW)
    return ["--policy", policy, "--rules", allow]


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


def row(arguments, score, folder, name, choice):
    """One file's figures, printed; whether they are within the limits."""
    report, output = scored(arguments, folder, name, choice)
    leaks, over = (report["total"][x] for x in ("leaks", "over_rate"))
    worst = max((e["leak"] / e["n"] for e in report["entities"].values()), default=0)
    source = os.path.join(folder, name)
    shown, chance = partials(score, source, source + ".truth.tsv", output)
    sound = report["lines_match"] and not report.get("json_invalid_out", 0) and not report.get("json_keys_missing_lines", 0)
    default = scored(arguments, folder, name, [])[0]
    loopback = sum(e["leak"] for k, e in default["entities"].items() if k == "IPV4_LOOPBACK")
    others = default["total"]["leaks"] - loopback
    print(
        f"{name:<17} {report['total']['positives']:>8} {leaks:>6} {100 * worst:>8.3f} % {shown - chance:>8} {chance:>6} "
        f"{100 * over:>8.4f} %  {'sound ' if sound else 'BROKEN'} {loopback:>9} + {others} "
        f"{100 * default['total']['over_rate']:>8.4f} %",
        flush=True,
    )
    return sound and leaks == others == 0 and shown == chance and over <= LIMIT


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
        choice = chosen(scratch)
        fine = True
        for seed in arguments.seeds.split(","):
            for flags in ([], ["--dirty", "--long-lines"]):
                folder = os.path.join(work, "-".join([seed, *(x.strip("-") for x in flags)]))
                make = [sys.executable, os.path.join(arguments.shared, "gen", "gen_corpus.py"), "--out", folder]
                make += ["--mb", arguments.mb, "--seed", seed, *flags]
                subprocess.run(make, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
                print(f"seed {seed} {' '.join(flags)}")
                print("file              personal  leaks worst type  partial chance       over  lines  default: leaks       over")
                fine &= all([row(arguments, score, folder, name, choice) for name in FILES])
    sys.exit(not fine)


if __name__ == "__main__":
    main()
