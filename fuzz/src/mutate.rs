//! Makes inputs: pieces of logs, the words that the rules know, and the ways in which carriers write bytes.

use data_encoding::{BASE64, BASE64URL_NOPAD, Encoding, HEXLOWER, HEXUPPER};
use fastrand::Rng;
use logveil::rules::{Notation, Ruleset, SentenceDef};
use std::ops::Range;
use std::path::Path;

/// Longest input.
const LONGEST: usize = 16 << 10;

/// What stands between values in logs.
const MARKS: &[&str] = &[
    "\n",
    "\r\n",
    " ",
    "\"",
    "'",
    ":",
    "=",
    "&",
    ",",
    ";",
    "%",
    "\\",
    "/",
    ".",
    "-",
    "_",
    "+",
    "@",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "|",
    "\0",
    "\u{7F}",
    "：",
    "，",
    "号",
    "是",
    "为",
    "%25",
    "%3A",
    "%40",
    "%2B",
    "%0A",
    "%22",
    "\\\"",
    "\"\"",
    "\"\":\"\"",
    ",\"{\"\"",
    "\\\\",
    "\\u",
    "\\u0031",
    "\\u53f7",
    "\\ud83d",
    "\\ude00",
    "\\x22",
    "\\x31",
    "\\n",
    "\\/",
    "１",
    "：",
    "＠",
    "://",
    "::",
    "null",
    "\":\"",
    "\":",
    "\",\"",
    "},{",
    "HTTP/1.1\" 200 ",
    "Bearer ",
    "eyJ",
    "\u{FEFF}",
    "&#",
    "&#64;",
    "&#x2D;",
    "&amp;",
    "&quot;",
    "#E6#89#8B",
    "#22",
    "#7B",
    "\u{2010}",
    "\u{2212}",
    "\u{A0}",
    "\u{3000}",
    "\t",
    "^",
    "==",
    "#Fields: ",
    "#fields\t",
    "CEF:0|",
    "<134>1 ",
    "=\"",
    "Basic ",
    "--",
    "--password ",
    "\"--token\",\"",
    "-----BEGIN PRIVATE KEY-----",
    "-----END",
    " code is ",
    "Your ",
    " is your code",
    "482913",
    "（登录验证码）",
    "form-data; name=\"password\"\r\n\r\n",
    "\r\n--",
    "(name, password) VALUES ('",
    "'), (",
    " -> ",
    "=[",
    "b'",
    "Some(\"",
    "[]string{\"",
    "Account Name:\t\t",
    "ghp_",
    "sk-0f1e2d3c4b5a69780f1e2d3c4b5a6978",
    "SG.aB3dE6gH9jK2mN5pQ8sT1v.",
    "123456789:AA",
    "/webhooks/123456789012345678/",
    "/bot/v2/hook/0f1e2d3c-4b5a-4978-8697-a5b4c3d2e1f0",
    "$2b$12$aB3./xYz9aB3./xYz9aB3./xYz9aB3./xYz9aB3./xYz9aB3./",
    "$6$",
    "$argon2id$v=19$m=1,t=1,p=1$",
    "pbkdf2_sha256$1$",
    "AUTH PLAIN ",
    "ALTER ROLE a PASSWORD '",
    "@tcp(",
    "<add key=\"password\" value=\"",
    "<input value='x' type='password'>",
    "\"value\":\"x\",\"name\":\"password\"",
    "MD5('",
    "N'",
    "dni=13277047K",
    "dni=AB0101-1",
    "</",
    "<password type='plain'>",
];

/// Notations of servers beyond those of the rules.
const NOTATIONS: &[&str] = &[
    "$type $time $elb $client:$port $target $status \"$request\" \"$user_agent\" $cipher $arn \"$trace_id\"",
    "$owner $bucket [$time_local] $remote_ip $requester $id $operation $key \"$request_uri\" $status",
    "$host $process[$pid]: $client:$port [$time] $frontend $backend/$server $timers $status {$headers} \"$request\"",
    "[$start_time] \"$method $path $protocol\" $code $flags \"$x_forwarded_for\" \"$user_agent\"",
];

/// Records with the sentences of a program, `li` in each field.
fn said(def: &SentenceDef) -> Vec<String> {
    let header = match def.programs.first() {
        Some(program) => format!("Nov 23 10:11:45 h {}[1]: ", program.replace('*', "x")),
        None => "Mon Nov 23 10:11:45 2026 ".into(),
    };
    let field = |part: &str| format!("li{}", part.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'));
    let sentence = |(says, _): &(String, _)| {
        let mut parts = says.split('$');
        let first = parts.next().unwrap_or_default().to_string();
        first + &parts.map(field).collect::<String>()
    };
    def.says.iter().map(|s| header.clone() + &sentence(s)).collect()
}

/// Makes inputs for one target.
pub struct Mutator {
    rng: Rng,
    name: String,
    words: Vec<Vec<u8>>,
    notations: Vec<String>,
}

impl Mutator {
    /// With the words of the embedded rules.
    pub fn new(seed: u64, name: &str) -> Mutator {
        let rules = Ruleset::builtin();
        let mut words: Vec<String> = MARKS.iter().map(|m| m.to_string()).collect();
        for e in &rules.entities {
            words.extend([&e.keys, &e.suffixes, &e.words].into_iter().flatten().map(|w| w.replace(' ', "_")));
            words.extend([&e.examples, &e.negative_examples].into_iter().flatten().cloned());
        }
        words.extend(rules.sentences.iter().flat_map(said));
        words.extend(rules.exempt.iter().flat_map(|x| &x.keys).chain(&rules.time_keys).cloned());
        let notations = rules.formats.iter().filter_map(|f| match &f.notation {
            Notation::Nginx(n) | Notation::Apache(n) => Some(n.clone()),
            Notation::Json => None,
        });
        let notations = notations.chain(NOTATIONS.iter().map(|n| n.to_string())).collect();
        let words = words.into_iter().map(String::into_bytes).collect();
        Mutator { rng: Rng::with_seed(seed), name: name.into(), words, notations }
    }

    /// Inputs to begin with: each sample and each format line by line and whole, each example of the rules, what failed
    /// before.
    pub fn first(&mut self) -> Vec<Vec<u8>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all = files(&root.join("regressions").join(&self.name));
        for text in [files(&root.join("../samples")), files(&root.join("../tests/golden/formats"))].concat() {
            all.extend(text.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec));
            all.push(text);
        }
        all.extend(self.words.iter().skip(MARKS.len()).filter(|w| w.len() > 8).cloned());
        if self.name == "input" {
            all.extend(all.iter().map(|t| gbk(t)).collect::<Vec<_>>());
        }
        if self.name == "layout" {
            let with = |n: &String| {
                all.iter().step_by(7).take(48).map(|r| [n.as_bytes(), b"\n", r].concat()).collect::<Vec<_>>()
            };
            return self.notations.iter().flat_map(with).collect();
        }
        all
    }

    /// The next input: one that is known, changed in one to six places.
    pub fn next(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut v = corpus[self.rng.usize(..corpus.len())].clone();
        for _ in 0..1 + self.rng.usize(..3) * self.rng.usize(..3) {
            self.change(&mut v, corpus);
        }
        v.truncate(LONGEST);
        v
    }

    fn change(&mut self, v: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let part = self.part(v);
        match self.rng.u8(..14) {
            0..3 => {
                let at = part.start;
                v.splice(at..at, self.word());
            }
            3 => drop(v.splice(part, self.word())),
            4 => drop(v.drain(part)),
            5 => {
                let piece = v[part.clone()].to_vec();
                let times = 1 + self.rng.usize(..3);
                v.splice(part.start..part.start, piece.repeat(times));
            }
            6 => {
                let other = &corpus[self.rng.usize(..corpus.len())];
                let piece = other[self.part(other)].to_vec();
                v.splice(part, piece);
            }
            7 => {
                if let Some(b) = v.get_mut(part.start) {
                    *b ^= 1 << self.rng.u8(..8);
                }
            }
            8 => {
                if let Some(b) = v[part].iter_mut().find(|b| b.is_ascii_digit()) {
                    *b = self.rng.u8(b'0'..=b'9');
                }
            }
            9 => v.truncate(part.end),
            _ => {
                let piece = self.written(&v[part.clone()]);
                v.splice(part, piece);
            }
        }
    }

    fn word(&mut self) -> Vec<u8> {
        // Marks are as likely as all words together.
        let from = if self.rng.bool() { &self.words[..MARKS.len()] } else { &self.words[..] };
        from[self.rng.usize(..from.len())].clone()
    }

    /// A stretch of an input: often short, at times a line or all that follows.
    fn part(&mut self, v: &[u8]) -> Range<usize> {
        let start = self.rng.usize(..=v.len());
        let rest = &v[start..];
        let len = match self.rng.u8(..8) {
            0 => rest.len(),
            1 => rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |n| n + 1),
            2 | 3 => rest.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(rest.len()),
            _ => self.rng.usize(..16),
        };
        start..(start + len).min(v.len())
    }

    /// A piece as another carrier writes it.
    fn written(&mut self, piece: &[u8]) -> Vec<u8> {
        let each = |f: fn(u8) -> String| piece.iter().flat_map(|b| f(*b).into_bytes()).collect();
        let runs = |e: Encoding| e.encode(piece).into_bytes();
        match self.rng.u8(..15) {
            0 => each(|b| format!("%{b:02X}")),
            1 => each(|b| format!("%25{b:02x}")),
            2 => each(|b| format!("\\x{b:02X}")),
            3 => each(|b| format!("\\u{:04x}", b)),
            4 => each(|b| match b {
                0x21..0x7F => char::from_u32(0xFEE0 + u32::from(b)).map(String::from).unwrap_or_default(),
                b => char::from(b).to_string(),
            }),
            5 => each(|b| format!("&#{b};")),
            6 => each(|b| format!("&#x{b:x};")),
            7 => each(|b| format!("#{b:02X}")),
            8 => runs(BASE64),
            9 => runs(BASE64URL_NOPAD),
            11 => each(|b| if b == b'"' { "\"\"".into() } else { char::from(b).into() }),
            12 => runs(HEXLOWER),
            13 => runs(HEXUPPER),
            10 => {
                let mark = ['-', ' ', '\u{2011}', '\u{2212}', '\u{A0}'][self.rng.usize(..5)].to_string();
                piece.chunks(4).collect::<Vec<_>>().join(mark.as_bytes())
            }
            _ => serde_json::Value::from(String::from_utf8_lossy(piece)).to_string().into_bytes(),
        }
    }
}

/// A text in GB 18030.
fn gbk(text: &[u8]) -> Vec<u8> {
    encoding_rs::GB18030.encode(&String::from_utf8_lossy(text)).0.into_owned()
}

/// All files of a folder, in order of their names.
fn files(dir: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths.iter().filter_map(|p| std::fs::read(p).ok()).collect()
}
