#!/usr/bin/env python3
"""De-identify an archive on Apache Spark: one `logveil batch` per file on the executors, manifests merged by the driver.

    spark-submit deploy/spark/logveil_spark.py --out /data/clean --key-file /etc/logveil/key /data/raw

The unit of work is the file, because a .gz is not splittable and because every byte of a file must come through as it
is (`textFile` decodes to UTF-8 and drops carriage returns). Inputs, outputs, the logveil binary and the key file must be
at the same path on every node: a shared file system for the first two, an image or a secret mount for the others. Only
the *path* of the key travels in the job; the key itself never does, so neither Spark's configuration nor its logs hold it.

Each task is idempotent: it writes beside, syncs and renames, and skips a file whose content, policy and key are those of a
finished output. A task that Spark runs twice, retries or speculates on therefore changes nothing.

Exit codes are those of logveil: 0 all done, 1 some files refused, quarantined or suppressed, 2 usage, 74 a task failed,
78 a mix of policies, keys or versions.
"""

import argparse
import os
import subprocess
import sys


def parse(argv):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0], epilog="Options after -- go to `logveil batch`.")
    p.add_argument("inputs", nargs="+", metavar="IN", help="files or folders, visible to driver and executors")
    p.add_argument("--out", required=True, metavar="DIR", help="folder for the outputs, on a shared file system")
    p.add_argument("--key-file", required=True, metavar="FILE", help="path of the key on every node; mode 0600")
    p.add_argument("--policy", default="jdcloud-2021", metavar="FILE|NAME")
    p.add_argument("--logveil", default="logveil", metavar="PATH", help="the binary on every node")
    p.add_argument("--report", metavar="FILE", help="write the HTML report of the whole job")
    p.add_argument("--slices", type=int, metavar="N", help="tasks; the default is one a file")
    if "--" in argv:
        at = argv.index("--")
        return p.parse_args(argv[:at]), argv[at + 1 :]
    return p.parse_args(argv), []


def files(inputs):
    """All plain files below the inputs with their sizes, the largest first, and their common folder."""
    found, bases = [], []
    for name in map(os.path.abspath, inputs):
        if os.path.isdir(name):
            bases.append(name)
            for folder, folders, names in os.walk(name):
                folders[:] = sorted(f for f in folders if f != ".logveil")
                found += (os.path.join(folder, n) for n in names)
        else:
            bases.append(os.path.dirname(name))
            found.append(name)
    plain = sorted({f for f in found if os.path.isfile(f) and not os.path.islink(f)})
    return sorted(plain, key=lambda f: -os.path.getsize(f)), os.path.commonpath(bases)


def task(options):
    """A function that Spark ships to the executors; it holds paths and option strings only."""

    def run(path):
        # logveil puts a keyed digest of the file's path in place of {id}: its name may hold an identifier.
        state = os.path.join(options["out"], ".logveil", "tasks", "{id}")
        command = [options["logveil"], "batch", "--resume", "--key-file", options["key_file"]]
        command += ["--policy", options["policy"], "--root", options["root"], "-o", options["out"], "--state", state]
        command += [] if "--threads" in options["more"] else ["--threads", "1"]
        command += ["--progress", "never", *options["more"], path]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        lines = done.stderr.strip().splitlines()
        manifest = lines[-1].partition("; manifest ")[2] if lines else ""
        return done.returncode, manifest, lines

    return run


def main(argv):
    args, more = parse(argv)
    paths, root = files(args.inputs)
    if not paths:
        print("logveil_spark: no files", file=sys.stderr)
        return 2
    options = {
        "out": os.path.abspath(args.out),
        "key_file": args.key_file,
        "policy": args.policy,
        "logveil": args.logveil,
        "root": root,
        "more": more,
    }
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("logveil").getOrCreate()
    try:
        results = spark.sparkContext.parallelize(paths, args.slices or len(paths)).map(task(options)).collect()
    finally:
        spark.stop()
    for _, manifest, lines in results:
        # What each task said of its file; with a manifest, the last line is only its summary.
        for line in lines[:-1] if manifest else lines:
            print(line, file=sys.stderr)
    if not all(manifest for _, manifest, _ in results):
        return max(code for code, manifest, _ in results if not manifest) or 74
    state = os.path.join(options["out"], ".logveil")
    command = [args.logveil, "report", *(m for _, m, _ in results), "--manifest", os.path.join(state, "manifest.jsonl")]
    if args.report:
        command += ["--report", args.report]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
