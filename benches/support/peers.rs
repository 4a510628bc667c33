//! What a user would write with general tools.

use logveil::detect::check;

/// One alternation of ten patterns, replaced by a constant: no validation, no keys, no decoding.
pub struct Control(regex::bytes::Regex);

const PATTERNS: [&str; 10] = [
    r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?-u:\b)",
    r"(?i-u:\b(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4}){1,7}\b)",
    r"(?i-u:\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b)",
    r"(?-u:[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,})",
    r"(?-u:\b[1-9][0-9]{16}[0-9Xx]\b)",
    r"(?-u:\b1[3-9][0-9]{9}\b)",
    r"(?-u:\b[0-9]{15}\b)",
    r"(?i-u:\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b)",
    r"(?i-u:\b[0-9a-f]{16}\b)",
    r"(?-u:eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)",
];

impl Control {
    pub fn new() -> Control {
        Control(regex::bytes::Regex::new(&PATTERNS.join("|")).expect("valid patterns"))
    }

    pub fn replace(&self, block: &[u8]) -> usize {
        let mut out = Vec::with_capacity(block.len() + 1024);
        let mut at = 0;
        for m in self.0.find_iter(block) {
            out.extend_from_slice(&block[at..m.start()]);
            out.extend_from_slice(b"<redacted>");
            at = m.end();
        }
        out.extend_from_slice(&block[at..]);
        std::hint::black_box(&out).len()
    }
}

/// The same patterns as one `regex-automata` engine, each match validated by this crate's own checks.
pub struct Validated(regex_automata::meta::Regex);

impl Validated {
    pub fn new() -> Validated {
        let build = regex_automata::meta::Builder::new()
            .syntax(regex_automata::util::syntax::Config::new().utf8(false).unicode(false))
            .configure(regex_automata::meta::Config::new().utf8_empty(false))
            .build_many(&PATTERNS.map(|p| p.replace("(?-u:", "(?:").replace("(?i-u:", "(?i:")));
        Validated(build.expect("valid patterns"))
    }

    pub fn replace(&self, block: &[u8]) -> usize {
        let mut out = Vec::with_capacity(block.len() + 1024);
        let mut at = 0;
        for m in self.0.find_iter(block) {
            let v = &block[m.range()];
            let real = match m.pattern().as_usize() {
                0 => check::ip::v4(v).is_some(),
                1 => check::ip::v6(v).is_some(),
                2 => check::mac::parse(v).is_some_and(|m| !check::mac::placeholder(&m)),
                3 => check::email::valid(v),
                4 => check::cn_id::resident18(v),
                5 => check::phone::mobile_assigned(v),
                6 => check::imei::imei(v) || check::cn_id::resident15(v),
                _ => true,
            };
            if real {
                out.extend_from_slice(&block[at..m.start()]);
                out.extend_from_slice(b"<redacted>");
                at = m.end();
            }
        }
        out.extend_from_slice(&block[at..]);
        std::hint::black_box(&out).len()
    }
}
