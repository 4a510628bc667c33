"""The report in a real browser: Debian's chromium through chromium-driver, with nothing but the standard library.

    LOGVEIL=target/release/logveil python3 -m unittest discover -s tests/report -v

SCREENSHOTS=DIR keeps a picture of each theme and language.
"""

import base64
import gzip
import json
import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGVEIL = str(Path(os.environ.get("LOGVEIL", ROOT / "target/release/logveil")).resolve())
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1100,900"]


class Browser:
    """WebDriver, as far as it is needed."""

    def __init__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.driver = subprocess.Popen(["chromedriver", f"--port={self.port}"], stdout=subprocess.DEVNULL)
        self.base = f"http://127.0.0.1:{self.port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(self.base + "/status")
                break
            except OSError:
                time.sleep(0.1)
        wanted = {"browserName": "chrome", "goog:chromeOptions": {"args": FLAGS}, "goog:loggingPrefs": {"performance": "ALL"}}
        session = self.call("/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        self.base += f"/session/{session}"

    def call(self, path, body):
        request = urllib.request.Request(self.base + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=60))["value"]

    def run(self, script):
        return self.call("/execute/sync", {"script": script, "args": []})

    def devtools(self, command, **params):
        return self.call("/goog/cdp/execute", {"cmd": command, "params": params})

    def requests(self):
        log = [json.loads(e["message"])["message"] for e in self.call("/se/log", {"type": "performance"})]
        return [e["params"]["request"]["url"] for e in log if e["method"] == "Network.requestWillBeSent"]

    def close(self):
        urllib.request.urlopen(urllib.request.Request(self.base, method="DELETE"), timeout=30)
        self.driver.terminate()
        self.driver.wait()


def make_tree(folder):
    r = random.Random(3)
    for day in range(1, 29):
        rows = []
        for i in range(r.randrange(40, 160)):
            ip = ".".join(str(r.randrange(1, 224)) for _ in range(4))
            query = r.choice(["", f"?mobile=138{r.randrange(10**8):08d}", "?email=li.si%40example.com", "?imei=490154203237518"])
            rows.append(f'{ip} - - [{day:02d}/Oct/2026:10:00:{i % 60:02d} +0800] "GET /list{query} HTTP/1.1" 200 5 "-" "Mozilla/5.0"')
        (folder / f"day{day:02d}.log").write_text("\n".join(rows) + "\n")
    (folder / "short.gz").write_bytes(gzip.compress(("\n".join(rows) * 3).encode())[:-90])
    (folder / "packed.zip").write_bytes(b"PK\x03\x04")
    (folder / "<b>name&.log").write_text('{"ts":1795399905000,"msg":"<script>alert(1)</script>","phone":"13800138001","idcard":"11010519491231002X"}\n')


class Report(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp(prefix="logveil-report-"))
        (cls.dir / "in").mkdir()
        make_tree(cls.dir / "in")
        cls.page = cls.dir / "report.html"
        command = [LOGVEIL, "batch", cls.dir / "in", "-o", cls.dir / "out", "--report", cls.page]
        subprocess.run(command, capture_output=True, check=False)
        cls.browser = Browser()
        cls.browser.call("/url", {"url": cls.page.as_uri()})

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        shutil.rmtree(cls.dir)

    def test_charts_render(self):
        boxes = self.browser.run("""return [...document.querySelectorAll('svg')].map(s => ({
            bars: [...s.querySelectorAll('rect')].filter(r => r.getBoundingClientRect().height > 0.3).length,
            texts: s.querySelectorAll('text').length, width: s.getBoundingClientRect().width,
            fill: getComputedStyle(s.querySelector('rect')).fill}))""")
        self.assertEqual(len(boxes), 3)
        for box in boxes:
            self.assertGreater(box["bars"], 1)
            self.assertGreater(box["texts"], 4)
            self.assertGreater(box["width"], 600)
            self.assertRegex(box["fill"], r"^rgb\((?!0, 0, 0)")
        self.assertGreaterEqual(self.browser.run("return document.querySelectorAll('#time rect').length"), 28)

    def test_nothing_is_fetched_and_nothing_runs(self):
        self.browser.call("/url", {"url": self.page.as_uri()})
        self.assertEqual({u for u in self.browser.requests() if not u.startswith("file:")}, set())
        self.assertEqual(self.browser.run("return document.querySelectorAll('script,link,img,iframe').length"), 0)
        self.assertNotIn("http", self.page.read_text().replace("http-equiv", ""))

    def test_no_value_is_shown_and_names_are_escaped(self):
        text = self.browser.run("return document.documentElement.textContent")
        for value in ["13800138001", "490154203237518", "li.si", "11010519491231002X"]:
            self.assertNotIn(value, text)
        self.assertRegex(text, r"phone\S* · 11 B")
        self.assertIn("ends early", text)
        self.assertIn("unpack it first", text)
        self.assertIn("<script>alert(1)</script>", text)

    def test_both_languages_and_both_themes(self):
        seen = {}
        for theme in ["light", "dark"]:
            self.browser.devtools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
            for lang, other in [("en", "zh"), ("zh", "en")]:
                self.browser.run(f"document.getElementById('lang-{lang}').click()")
                shown = f"return [...document.querySelectorAll('main .%s')].every(e => e.getClientRects().length %s)"
                self.assertTrue(self.browser.run(shown % (lang, "> 0")), (theme, lang))
                self.assertTrue(self.browser.run(shown % (other, "== 0")), (theme, lang))
                self.picture(f"report-{theme}-{lang}")
            seen[theme] = self.browser.run("""const s = e => getComputedStyle(document.querySelector(e));
                return [s('body').backgroundColor, s('body').color, s('.c0').fill, s('p').color]""")
            page, *others = map(luminance, seen[theme])
            for ink in others:
                high, low = max(page, ink), min(page, ink)
                self.assertGreater((high + 0.05) / (low + 0.05), 3.0, seen)
        self.assertNotEqual(seen["light"], seen["dark"])

    def picture(self, name):
        if not os.environ.get("SCREENSHOTS"):
            return
        full = self.browser.devtools("Page.captureScreenshot", captureBeyondViewport=True)
        Path(os.environ["SCREENSHOTS"], name + ".png").write_bytes(base64.b64decode(full["data"]))

    def test_it_fits_a_telephone(self):
        self.browser.devtools("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        wide = self.browser.run("return document.documentElement.scrollWidth")
        self.browser.devtools("Emulation.clearDeviceMetricsOverride")
        self.assertLessEqual(wide, 390)


def luminance(rgb):
    parts = [int(p) / 255 for p in rgb[rgb.index("(") + 1 : -1].split(",")[:3]]
    r, g, b = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


if __name__ == "__main__":
    unittest.main()
