"""The wheel against the program. Needs pyarrow and pandas.

    LOGVEIL=target/release/logveil python -m unittest discover -s bindings/python/tests -v
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import logveil
import pyarrow as pa

LOGVEIL = os.environ.get("LOGVEIL", str(Path(__file__).resolve().parents[3] / "target/release/logveil"))
TEXT = ["mobile=13800138001", None, "", "plain text", "ip=198.51.100.23 用户", "two\nlines mobile=13800138002\n", "x" * 100_000]


class Wheel(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.key = Path(self.dir.name) / "key"
        self.key.write_bytes(b"k" * 32)
        self.key.chmod(0o600)
        self.engine = logveil.Deidentifier(key_file=self.key)

    def tearDown(self):
        self.dir.cleanup()

    def filter(self, value):
        command = [LOGVEIL, "filter", "-t", "none", "-k", self.key]
        return subprocess.run(command, input=value.encode(), capture_output=True, check=True).stdout.decode()

    def test_every_text_type_gives_what_the_filter_gives(self):
        want = [None if t is None else self.filter(t) for t in TEXT]
        for t in [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary()]:
            values = [None if v is None else v.encode() for v in TEXT] if "binary" in str(t) else TEXT
            batch = pa.record_batch({"n": list(range(len(TEXT))), "line": pa.array(values, t)})
            clean = self.engine.batch(batch)
            self.assertEqual(clean.schema, batch.schema)
            got = [v.decode() if isinstance(v, bytes) else v for v in clean["line"].to_pylist()]
            self.assertEqual(got, want, t)

    def test_other_columns_are_not_copied(self):
        batch = pa.record_batch({"n": pa.array(range(1000)), "a": ["x"] * 1000, "b": ["mobile=13800138001"] * 1000})
        clean = self.engine.batch(batch, ["b"])
        for name in ["n", "a"]:
            was = [b.address for b in batch[name].buffers() if b]
            self.assertEqual(was, [b.address for b in clean[name].buffers() if b])
        self.assertNotEqual(clean["b"][0].as_py(), "mobile=13800138001")

    def test_slices_and_many_rows(self):
        rows = [f"row {i} mobile=138{i:08d}" for i in range(20_000)]
        batch = pa.record_batch({"line": rows}).slice(7, 15_000)
        want = self.filter("\n".join(rows[7:15_007])).split("\n")
        self.assertEqual(self.engine.batch(batch)["line"].to_pylist(), want)

    def test_pandas(self):
        import pandas as pd

        frame = pd.DataFrame({"line": ["mobile=13800138001"] * 3})
        clean = self.engine.batch(pa.RecordBatch.from_pandas(frame)).to_pandas()
        self.assertEqual(clean["line"][0], self.filter("mobile=13800138001"))

    def test_mistakes_say_the_remedy_and_no_value(self):
        batch = pa.record_batch({"n": [1]})
        with self.assertRaisesRegex(ValueError, "no column `m`"):
            self.engine.batch(batch, ["m"])
        with self.assertRaisesRegex(TypeError, "is no text"):
            self.engine.batch(batch, ["n"])
        self.key.chmod(0o644)
        with self.assertRaisesRegex(ValueError, "chmod 600"):
            logveil.Deidentifier(key_file=self.key)
        with self.assertRaises(ValueError):
            logveil.Deidentifier("no-such-policy", key_file=self.key)

    def test_one_key_one_token(self):
        self.key.chmod(0o600)
        other = logveil.Deidentifier(key_file=str(self.key))
        self.assertEqual((self.engine.kid, len(other.kid)), (other.kid, 8))


if __name__ == "__main__":
    unittest.main()
