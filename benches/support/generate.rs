//! Deterministic logs with invented people: about one identifier a line of access log, seven a record of telemetry.

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
        (self.next() >> 33) % n
    }
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
    fn hex(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b"0123456789abcdef"[self.below(16) as usize])).collect()
    }
    fn ip(&mut self) -> String {
        format!("{}.{}.{}.{}", 1 + self.below(222), self.below(256), self.below(256), 1 + self.below(254))
    }
    fn phone(&mut self) -> String {
        format!("1{}{}{:08}", 3 + self.below(5), self.below(4), self.below(100_000_000))
    }
    fn imei(&mut self) -> String {
        let mut d = format!("86{:012}", self.below(1_000_000_000_000));
        let sum: u32 = d
            .bytes()
            .rev()
            .enumerate()
            .map(|(i, b)| {
                let n = u32::from(b - b'0') * if i % 2 == 0 { 2 } else { 1 };
                n / 10 + n % 10
            })
            .sum();
        d.push(char::from(b'0' + ((10 - sum % 10) % 10) as u8));
        d
    }
}

fn fill(size: usize, seed: u64, mut line: impl FnMut(&mut Rng, u64) -> String) -> Vec<u8> {
    let mut rng = Rng(seed);
    let mut out = Vec::with_capacity(size + 2048);
    let mut t = 1_795_399_905;
    while out.len() < size {
        t += rng.below(2);
        out.extend_from_slice(line(&mut rng, t).as_bytes());
        out.push(b'\n');
    }
    out
}

/// Combined log format; one line in twelve has a phone in its query.
pub fn access(size: usize) -> Vec<u8> {
    fill(size, 11, |r, t| {
        let path = r.pick(&[
            "/",
            "/index.html",
            "/api/v2/order/list",
            "/static/js/app.4f3c2b1a.js",
            "/img/banner_750x200.png",
            "/search",
            "/favicon.ico",
        ]);
        let query = if r.below(12) == 0 { format!("?mobile={}&t={}", r.phone(), t * 1000) } else { String::new() };
        let agent = r.pick(&[
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (compatible; Examplebot/2.1; +http://www.example.com/bot.html)",
        ]);
        let referrer = r.pick(&["-", "https://www.example.com/", "https://www.example.com/list?page=2"]);
        let second = t % 60;
        let minute = t / 60 % 60;
        format!(
            "{} - - [23/Nov/2026:10:{minute:02}:{second:02} +0800] \"GET {path}{query} HTTP/1.1\" {} {} \"{referrer}\" \"{agent}\"",
            r.ip(),
            r.pick(&["200", "200", "304", "404"]),
            r.below(1_000_000),
        )
    })
}

/// Device telemetry, one JSON object a line.
pub fn telemetry(size: usize) -> Vec<u8> {
    fill(size, 13, |r, t| {
        format!(
            "{{\"traceId\":\"{}\",\"ts\":{},\"event\":\"{}\",\"common\":{{\"os\":\"Android\",\"os_version\":\"13\",\"model\":\"{}\",\"carrier\":\"中国移动\",\"app_ver\":\"{}.{}.{}\",\"imei\":\"{}\",\"oaid\":\"{}\",\"androidId\":\"{}\",\"mac\":\"{}\",\"ip\":\"{}\"}},\"user\":{{\"uid\":\"{}\",\"phone\":\"{}\"}},\"events\":[{{\"type\":\"click\",\"timestamp\":{},\"sku\":\"{}\"}},{{\"type\":\"expose\",\"timestamp\":{},\"sku\":\"{}\"}}],\"bytes\":{},\"spanId\":\"{}\",\"net\":{{\"type\":\"wifi\",\"rssi\":-{},\"bssid\":\"{}\"}}}}",
            r.hex(32),
            t * 1000,
            r.pick(&["app_start", "page_view", "heartbeat", "push_click"]),
            r.pick(&["2211133C", "NOH-AN00", "PHM110", "V2254A"]),
            1 + r.below(12),
            r.below(20),
            r.below(30),
            r.imei(),
            [r.hex(8), r.hex(4), r.hex(4), r.hex(4), r.hex(12)].join("-"),
            r.hex(16),
            (0..6).map(|_| r.hex(2)).collect::<Vec<_>>().join(":"),
            r.ip(),
            r.below(1_000_000_000),
            r.phone(),
            t * 1000 + 1,
            100_000_000_000 + r.below(99_999_999_999),
            t * 1000 + 2,
            100_000_000_000 + r.below(99_999_999_999),
            r.below(100_000_000),
            r.hex(16),
            30 + r.below(60),
            (0..6).map(|_| r.hex(2)).collect::<Vec<_>>().join(":"),
        )
    })
}

/// Application log without identifiers.
pub fn clean(size: usize) -> Vec<u8> {
    fill(size, 17, |r, t| {
        format!(
            "2026-11-23 10:{:02}:{:02} INFO  [worker-{}] c.e.shop.CartService - added item {} to cart, {} items, took {} ms",
            t / 60 % 60,
            t % 60,
            r.below(9),
            r.pick(&["keyboard", "lamp", "desk", "chair"]),
            r.below(20),
            r.below(400),
        )
    })
}
