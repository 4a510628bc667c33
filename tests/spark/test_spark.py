"""Spark against one machine, on a real local cluster of two workers. Needs pyspark, pyarrow, pandas and the wheel.

    LOGVEIL=target/release/logveil python -m unittest discover -s tests/spark -v
"""

import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGVEIL = str(Path(os.environ.get("LOGVEIL", ROOT / "target/release/logveil")).resolve())
SCRIPT = ROOT / "deploy/spark/logveil_spark.py"
SUBMIT = Path(sys.executable).parent / "spark-submit"
MASTER = "local-cluster[2,1,1024]"
KEY = b"spark-test-key-of-thirty-two-by!"
FIXED = ["--ingest-time", "1795399905"]


def lines(seed, n):
    r = random.Random(seed)
    for i in range(n):
        ip = ".".join(str(r.randrange(1, 224)) for _ in range(4))
        phone = f"138{r.randrange(10**8):08d}"
        yield f'{ip} - - [23/Nov/2026:10:{i // 60 % 60:02d}:{i % 60:02d} +0800] "GET /?mobile={phone} HTTP/1.1" 200 5 "-" "-"'


def make_tree(folder):
    (folder / "web").mkdir(parents=True)
    for i in range(6):
        text = "\n".join(lines(i, 3000)).encode() + b"\n"
        if i % 2:
            (folder / f"web/{i}.log.gz").write_bytes(gzip.compress(text[: len(text) // 2]) + gzip.compress(text[len(text) // 2 :]))
        else:
            (folder / f"web/{i}.log").write_bytes(text)
    # What textFile would have changed: GBK bytes and carriage returns.
    (folder / "gbk.log").write_bytes("用户 13800138001 登录\r\n".encode("gb18030") * 50)
    (folder / "13800138001.log").write_bytes(b"a name is an output too\n")


def tree(folder):
    return {p.relative_to(folder): p for p in sorted(folder.rglob("*")) if p.is_file() and ".logveil" not in p.parts}


def manifest(folder):
    return [json.loads(l) for l in (folder / ".logveil/manifest.jsonl").read_text().splitlines()]


class Spark(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="logveil-spark-"))
        cls.key = cls.dir / "key"
        cls.key.write_bytes(KEY)
        cls.key.chmod(0o600)
        make_tree(cls.dir / "in")
        one = [LOGVEIL, "batch", "-k", cls.key, cls.dir / "in", "-o", cls.dir / "one", *FIXED]
        cls.one = subprocess.run(one, check=True, capture_output=True, text=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def submit(self, out, *args, source="in", logveil=LOGVEIL):
        events = self.dir / "events"
        events.mkdir(exist_ok=True)
        env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
        command = [SUBMIT, "--master", MASTER, "--conf", "spark.ui.enabled=false"]
        command += ["--conf", "spark.eventLog.enabled=true", "--conf", "spark.eventLog.compress=false", "--conf", f"spark.eventLog.dir=file://{events}"]
        command += [SCRIPT, "--logveil", logveil, "--key-file", self.key, "--out", self.dir / out, self.dir / source, *args]
        # spark-submit sends all that the driver says to its own standard output.
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)

    def test_two_workers_make_what_one_machine_makes(self):
        done = self.submit("two", "--report", self.dir / "two.html", "--", *FIXED)
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        one, two = tree(self.dir / "one"), tree(self.dir / "two")
        self.assertEqual(list(one), list(two))
        for name in one:
            self.assertEqual(one[name].read_bytes(), two[name].read_bytes(), name)
        self.assertEqual(manifest(self.dir / "one"), manifest(self.dir / "two"))
        self.assertIn(done.stdout.strip().splitlines()[-1], self.one.stderr)
        self.assertIn("<svg", (self.dir / "two.html").read_text())
        # The key is in no log, no event and no configuration; nor is a value.
        said = done.stdout + done.stderr
        for f in (self.dir / "events").rglob("*"):
            said += f.read_text(errors="replace") if f.is_file() else ""
        self.assertNotIn(KEY.decode(), said)
        before = {n: p.stat().st_ino for n, p in two.items()}
        again = self.submit("two", "--", *FIXED)
        self.assertEqual(again.returncode, 0, again.stderr[-3000:])
        self.assertEqual(before, {n: p.stat().st_ino for n, p in tree(self.dir / "two").items()}, "nothing is done twice")

    def test_a_mix_of_policies_is_refused(self):
        (self.dir / "few").mkdir()
        (self.dir / "few/a.log").write_text("\n".join(lines(1, 20)))
        (self.dir / "few/b.log").write_text("\n".join(lines(2, 20)))
        stale = self.dir / "stale.sh"
        # A node whose image has an old policy.
        old = f'exec {LOGVEIL} $(echo "$@" | sed s/jdcloud-2021/web-minimal/)'
        stale.write_text(f'#!/bin/sh\ncase "$*" in *b.log) {old};; esac\nexec {LOGVEIL} "$@"\n')
        stale.chmod(0o755)
        done = self.submit("mix", source="few", logveil=stale)
        self.assertEqual(done.returncode, 78, done.stderr[-3000:])
        self.assertIn("another policy", done.stdout)

    def test_bad_files_are_told_and_the_rest_is_done(self):
        (self.dir / "bad").mkdir()
        (self.dir / "bad/a.log").write_text("\n".join(lines(1, 20)))
        (self.dir / "bad/b.gz").write_bytes(gzip.compress("\n".join(lines(2, 5000)).encode())[:-4000])
        (self.dir / "bad/c.zip").write_bytes(b"PK\x03\x04")
        done = self.submit("part", source="bad")
        self.assertEqual(done.returncode, 1, done.stderr[-3000:])
        self.assertIn("b.gz: ends early", done.stdout)
        self.assertIn("c.zip: is a zip archive", done.stdout)
        totals = manifest(self.dir / "part")[-1]["totals"]
        self.assertEqual(totals["files"], {"done": 1, "quarantined": 1, "refused": 1})

    def test_columns_of_a_data_frame(self):
        from pyspark.sql import SparkSession

        os.environ.update(SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
        key = str(self.key)

        def clean(batches):
            # Made on the executor: the key is read there and travels nowhere.
            import logveil

            engine = logveil.Deidentifier(key_file=key)
            for batch in batches:
                yield engine.batch(batch, ["line"])

        text = list(lines(9, 2000))
        spark = SparkSession.builder.master(MASTER).config("spark.ui.enabled", "false").getOrCreate()
        try:
            frame = spark.createDataFrame([(i, t) for i, t in enumerate(text)], "id long, line string").repartition(4)
            rows = sorted(frame.mapInArrow(clean, frame.schema).collect())
        finally:
            spark.stop()
        done = subprocess.run([LOGVEIL, "filter", "-t", "none", "-k", key], input="\n".join(text), capture_output=True, text=True)
        self.assertEqual([r.line for r in rows], done.stdout.split("\n"))
        self.assertEqual([r.id for r in rows], list(range(2000)))


if __name__ == "__main__":
    unittest.main()
