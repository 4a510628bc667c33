//! Deterministic logs with invented people, made fast enough to keep a filter busy through a pipe.
//!
//! | kind | mean line | findings a line |
//! |---|---|---|
//! | access log | 243 B | 1.07 |
//! | telemetry | 633 B | 6.87 |
//! | service log | 121 B | 0 |

use std::io::Write;

/// What to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Combined log format; visitors come back.
    Access,
    /// The same, every visitor new.
    AccessUnique,
    /// One JSON object a line; devices come back.
    Telemetry,
    /// The same, every device new.
    TelemetryUnique,
    /// Messages of a service, without identifiers.
    Clean,
}

/// xorshift64*: the same numbers on every machine.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// People who come back; a few of them often.
const PEOPLE: u64 = 20_000;

/// An invented person with a device: every value follows from the number.
#[derive(Clone, Copy)]
struct Person(u64);

impl Person {
    /// The source of one of the person's values.
    fn value(self, which: u64) -> Rng {
        let mut r = Rng((self.0 * 16 + which + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        r.next();
        r
    }
}

/// The end of a line in the making.
struct Text<'a>(&'a mut Vec<u8>);

/// `f` of 0 to `N`, two characters each.
const fn pairs<const N: usize>(base: u8) -> [[u8; 2]; N] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut table = [[0; 2]; N];
    let mut i = 0;
    while i < N {
        table[i] = [DIGITS[i / base as usize], DIGITS[i % base as usize]];
        i += 1;
    }
    table
}

const DECIMAL: [[u8; 2]; 100] = pairs(10);
const HEX: [[u8; 2]; 256] = pairs(16);

impl Text<'_> {
    fn s(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }
    fn n(&mut self, number: u64) -> &mut Self {
        // Writing to memory does not fail.
        let _ = write!(self.0, "{number}");
        self
    }
    fn two(&mut self, number: u64) -> &mut Self {
        self.0.extend_from_slice(&DECIMAL[number as usize % 100]);
        self
    }
    /// Decimal digits, up to 18.
    fn digits(&mut self, r: &mut Rng, count: usize) -> &mut Self {
        let mut bits = r.next();
        for _ in 0..count / 2 {
            self.0.extend_from_slice(&DECIMAL[bits as usize % 100]);
            bits /= 100;
        }
        if count % 2 == 1 {
            self.0.push(b'0' + (bits % 10) as u8);
        }
        self
    }
    /// Hex digits, an even number of up to 16.
    fn hex(&mut self, r: &mut Rng, count: usize) -> &mut Self {
        for b in &r.next().to_le_bytes()[..count / 2] {
            self.0.extend_from_slice(&HEX[usize::from(*b)]);
        }
        self
    }
    fn mac(&mut self, mut r: Rng) -> &mut Self {
        self.s("34");
        for b in &r.next().to_le_bytes()[..5] {
            self.0.push(b':');
            self.0.extend_from_slice(&HEX[usize::from(*b)]);
        }
        self
    }
    fn uuid(&mut self, mut r: Rng) -> &mut Self {
        let r = &mut r;
        self.hex(r, 8).s("-").hex(r, 4).s("-4a").hex(r, 2).s("-b").s("c").hex(r, 2).s("-").hex(r, 12)
    }
    fn address(&mut self, p: Person) -> &mut Self {
        let r = &mut p.value(1);
        if r.below(100) < 8 {
            return self.s("2408:8207:a").hex(r, 2).s("c:").hex(r, 4).s("::").hex(r, 4).s(":1").hex(r, 2);
        }
        let first = r.pick(&["1", "8", "36", "39", "58", "61", "101", "111", "113", "117", "140", "171", "202", "218"]);
        self.s(first).s(".").n(r.below(256)).s(".").n(r.below(256)).s(".").n(1 + r.below(254))
    }
    fn phone(&mut self, p: Person) -> &mut Self {
        let r = &mut p.value(2);
        self.s(r.pick(&["135", "138", "150", "159", "177", "186", "189", "198"])).digits(r, 8)
    }
    fn email(&mut self, p: Person, at: &str) -> &mut Self {
        let r = &mut p.value(3);
        self.s(r.pick(&["li", "wang", "chen", "zhao", "sun"])).s(".").digits(r, 5).s(at).s("mail.example.com")
    }
    fn imei(&mut self, p: Person) -> &mut Self {
        self.s("86").digits(&mut p.value(4), 12);
        let luhn = |(i, b): (usize, &u8)| {
            let n = u32::from(b - b'0') * if i.is_multiple_of(2) { 2 } else { 1 };
            n / 10 + n % 10
        };
        let sum: u32 = self.0.iter().rev().take(14).enumerate().map(luhn).sum();
        self.n(u64::from((10 - sum % 10) % 10))
    }
    fn clock(&mut self, millis: u64) -> &mut Self {
        let t = millis / 1000;
        self.two(t / 3600 % 24).s(":").two(t / 60 % 60).s(":").two(t % 60)
    }
}

/// Writes lines of one kind without end.
pub struct Lines {
    kind: Kind,
    rng: Rng,
    count: u64,
    /// Unix milliseconds.
    clock: u64,
}

impl Lines {
    /// The first line is always the same.
    pub fn new(kind: Kind) -> Lines {
        Lines { kind, rng: Rng(0x9E37_79B9_7F4A_7C15 + kind as u64), count: 0, clock: 1_795_399_905_000 }
    }

    /// Appends a line.
    pub fn push(&mut self, out: &mut Vec<u8>) {
        let r = &mut self.rng;
        self.count += 1;
        self.clock += r.below(40);
        // Two draws make the low numbers frequent.
        let top = r.below(PEOPLE) + 1;
        let p = match self.kind {
            Kind::AccessUnique | Kind::TelemetryUnique => Person(PEOPLE + self.count),
            _ => Person(r.below(top)),
        };
        let mut text = Text(out);
        match self.kind {
            Kind::Access | Kind::AccessUnique => access(&mut text, r, p, self.clock),
            Kind::Telemetry | Kind::TelemetryUnique => telemetry(&mut text, r, p, self.clock),
            Kind::Clean => service(&mut text, r, self.clock),
        }
    }
}

/// Lines of one kind, `size` bytes or a line more.
#[allow(dead_code, reason = "not every user of this file fills buffers")]
pub fn text(kind: Kind, size: usize) -> Vec<u8> {
    let mut lines = Lines::new(kind);
    let mut out = Vec::with_capacity(size + 2048);
    while out.len() < size {
        lines.push(&mut out);
    }
    out
}

const PAGES: [&str; 16] = [
    "/",
    "/index.html",
    "/api/v1/user/login",
    "/api/v2/order/list",
    "/m/product/100012043978.html",
    "/cart/add",
    "/static/js/app.4f3c2b1a.js",
    "/static/css/main.9d1e77c0.css",
    "/img/banner_750x200.png",
    "/search",
    "/v3/track",
    "/healthz",
    "/favicon.ico",
    "/coupon/receive",
    "/docs/guide/install/linux.html",
    "/api/v1/items/100008348542/reviews",
];

const REFERRERS: [&str; 7] = [
    "-",
    "-",
    "-",
    "https://www.example.com/",
    "https://m.example.com/list?page=2&sort=price",
    "https://search.example.cn/?q=%E4%BA%91%E4%B8%BB%E6%9C%BA",
    "https://www.example.com/docs/guide/install/linux.html",
];

fn access(l: &mut Text, r: &mut Rng, p: Person, t: u64) {
    l.address(p).s(" - - [23/Nov/2026:").clock(t).s(" +0800] \"");
    l.s(r.pick(&["GET ", "GET ", "GET ", "GET ", "POST ", "HEAD "])).s(r.pick(&PAGES));
    match r.below(1000) {
        0..40 => l.s("?mobile=").phone(p).s("&code=").digits(r, 4).s("&t=").n(t),
        40..55 => l.s("?email=").email(p, "%40").s("&from=reg"),
        55..70 => l.s("?client=android&imei=").imei(p).s("&st=").n(t),
        70..270 => l.s("?id=").n(r.below(1 << 32)).s("&page=").n(r.below(50)).s("&_=").n(t),
        270..340 => l.s("?skuId=").digits(r, 12).s("&sign=").hex(r, 16).hex(r, 16),
        _ => l,
    };
    l.s(" HTTP/1.1\" ").s(r.pick(&["200", "200", "200", "200", "200", "301", "304", "404", "500"]));
    l.s(" ").n(r.below(1 << 20)).s(" \"").s(r.pick(&REFERRERS)).s("\" \"");
    agent(l, r);
    l.s("\"\n");
}

const MODELS: [&str; 6] = ["2211133C", "NOH-AN00", "PHM110", "V2254A", "SM-G9980", "PHB110"];

fn agent(l: &mut Text, r: &mut Rng) {
    let (major, build) = (90 + r.below(40), 4200 + r.below(2000));
    let chrome = |l: &mut Text| {
        l.s("AppleWebKit/537.36 (KHTML, like Gecko) Chrome/").n(major).s(".0.").n(build).s(".");
    };
    match r.below(10) {
        0..4 => {
            chrome(l.s("Mozilla/5.0 (Windows NT 10.0; Win64; x64) "));
            l.n(r.below(200)).s(" Safari/537.36")
        }
        4..6 => l
            .s("Mozilla/5.0 (iPhone; CPU iPhone OS 17_")
            .n(r.below(6))
            .s("_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1"),
        6 => {
            chrome(l.s("Mozilla/5.0 (Linux; Android 13; ").s(r.pick(&MODELS)).s(" Build/TKQ1.220905.001) "));
            l.s("0 Mobile Safari/537.36")
        }
        7 => l.s("Mozilla/5.0 (X11; Linux x86_64; rv:").n(major).s(".0) Gecko/20100101 Firefox/").n(major).s(".0"),
        8 => l.s("Mozilla/5.0 (compatible; Examplebot/2.").n(r.below(9)).s("; +http://www.example.com/bot.html)"),
        _ => l.s("curl/7.").n(r.below(90)).s(".1"),
    };
}

fn telemetry(l: &mut Text, r: &mut Rng, p: Person, t: u64) {
    l.s("{\"traceId\":\"").hex(r, 16).hex(r, 16).s("\",\"ts\":").n(t).s(",\"event\":\"");
    l.s(r.pick(&["app_start", "page_view", "heartbeat", "push_click", "order_submit"])).s("\",\"common\":{");
    if p.value(5).below(10) < 8 {
        l.s("\"os\":\"Android\",\"osv\":\"13\",\"model\":\"").s(r.pick(&MODELS));
        l.s("\",\"imei\":\"").imei(p).s("\",\"oaid\":\"").uuid(p.value(6));
        l.s("\",\"androidId\":\"").hex(&mut p.value(7), 16).s("\",\"mac\":\"").mac(p.value(8));
    } else {
        l.s("\"os\":\"iOS\",\"osv\":\"17.4\",\"model\":\"iPhone15,3\",\"idfa\":\"").uuid(p.value(6));
        l.s("\",\"idfv\":\"").uuid(p.value(7)).s("\",\"mac\":\"02:00:00:00:00:00\",\"jailbroken\":\"no");
    }
    l.s("\",\"carrier\":\"").s(r.pick(&["中国移动", "中国联通", "中国电信"]));
    l.s("\",\"appVer\":\"").n(1 + r.below(12)).s(".").n(r.below(20)).s(".").n(r.below(30));
    l.s("\",\"clientIp\":\"").address(p).s("\"},\"user\":{\"uid\":").n(100_000_000 + p.value(9).below(900_000_000));
    l.s(",\"phone\":\"").phone(p);
    if r.below(100) < 26 {
        l.s("\",\"email\":\"").email(p, "@");
    }
    for (i, open) in [(0, "\"},\"events\":[{\"type\":\""), (1, "\"},{\"type\":\"")] {
        l.s(open).s(r.pick(&["click", "expose", "scroll"])).s("\",\"timestamp\":").n(t + i);
        l.s(",\"sku\":\"").digits(r, 12);
    }
    l.s("\"}],\"bytes\":").n(r.below(100_000_000)).s(",\"spanId\":\"").hex(r, 16);
    l.s("\",\"net\":{\"rssi\":-").n(30 + r.below(60)).s(",\"bssid\":\"").mac(p.value(10)).s("\"}}\n");
}

fn service(l: &mut Text, r: &mut Rng, t: u64) {
    l.s("2026-11-23 ").clock(t).s(".").n(100 + t % 900);
    l.s(r.pick(&[" INFO  ", " INFO  ", " INFO  ", " DEBUG ", " WARN  "])).s("[worker-").n(r.below(9)).s("] ");
    match r.below(4) {
        0 => l
            .s("c.e.shop.CartService - added item ")
            .s(r.pick(&["keyboard", "lamp", "desk", "chair"]))
            .s(" to cart, ")
            .n(r.below(20))
            .s(" items, took ")
            .n(r.below(400))
            .s(" ms\n"),
        1 => l
            .s("c.e.shop.OrderService - order_id=20261123")
            .digits(r, 9)
            .s(" state=PAID amount=")
            .n(r.below(9000))
            .s(".")
            .two(r.below(100))
            .s(" took=")
            .n(r.below(90))
            .s("ms\n"),
        2 => l
            .s("c.e.net.Pool - trace_id=")
            .hex(r, 16)
            .hex(r, 16)
            .s(" reused connection ")
            .n(r.below(64))
            .s(" of 64, idle\n"),
        _ => l
            .s("c.e.cache.Store - key=item:")
            .n(r.below(1 << 30))
            .s(":detail hit=true size=")
            .n(r.below(65_536))
            .s(" ttl=300\n"),
    };
}
