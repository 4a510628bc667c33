//! `logveil scan`: what is there, and where; nothing is written but the report, and no value unless asked for.

use super::args::{Report, ScanArgs};
use super::exit::Exit;
use super::{Failure, setup};
use crate::engine::{Engine, Explained, MAX_BLOCK, MAX_WINDOW, TagMode, Worker};
use crate::input::encoding::{Decided, Decoder, Encoding};
use crate::input::{Always, Blocks, Limits, Piece};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// Scans all inputs in order.
pub fn run(args: &ScanArgs) -> Result<Exit, Failure> {
    let engine = setup::engine(&args.policy, TagMode::None)?;
    let format = setup::format(&engine, &args.log_format)?;
    let encoding = setup::encoding(&args.encoding)?;
    let mut report = Reporter::new(args, &engine);
    let failed = |e: io::Error| match e.kind() {
        io::ErrorKind::BrokenPipe => (Exit::Clean, String::new()),
        _ => (Exit::Io, format!("output: {e}")),
    };
    report.begin().map_err(failed)?;
    let mut exit = Exit::Clean;
    let stdin = [Path::new("-").to_path_buf()];
    for path in if args.files.is_empty() { &stdin[..] } else { &args.files[..] } {
        let name = path.display().to_string();
        let input: Result<Box<dyn Read>, String> = match name.as_str() {
            "-" => Ok(decoded(io::stdin().lock(), encoding)),
            _ if path.is_dir() => Err(format!("{name}: is a directory; name files")),
            _ => File::open(path).map(|f| decoded(f, encoding)).map_err(|e| format!("{name}: {e}")),
        };
        let scanned = input.and_then(|input| {
            let mut stream = Stream { worker: engine.worker(), name: &name, line: 1, column: 0, offset: 0 };
            stream.scan(&engine, input, format, &mut report)
        });
        if let Err(message) = scanned {
            eprintln!("logveil: {message}");
            exit = exit.and(Exit::Io);
        }
        if let Some(e) = report.broken.take() {
            return Err(failed(e));
        }
    }
    report.end().map_err(failed)?;
    if report.count > 0 && !args.exit_zero {
        exit = exit.and(Exit::Suppressed);
    }
    Ok(exit)
}

fn decoded(input: impl Read + 'static, encoding: Option<Encoding>) -> Box<dyn Read> {
    Box::new(Decoder::new(input, encoding, Decided::default()))
}

/// Where in an input the scan stands.
struct Stream<'e, 'n> {
    worker: Worker<'e>,
    name: &'n str,
    line: u64,
    /// Bytes of the record before the block.
    column: u64,
    offset: u64,
}

impl<'e> Stream<'e, '_> {
    fn scan(
        &mut self,
        engine: &'e Engine,
        input: Box<dyn Read>,
        format: Option<crate::engine::Format>,
        report: &mut Reporter<'_>,
    ) -> Result<(), String> {
        let mut blocks = Blocks::new(input, Limits { block: MAX_BLOCK, window: MAX_WINDOW, read: READ });
        let mut sniffer = engine.sniffer(format);
        while report.broken.is_none() {
            let piece = blocks.next(&Always).map_err(|e| format!("{}: {e}", self.name))?;
            let block = blocks.block(piece);
            match piece {
                Piece::End => return Ok(()),
                Piece::Pause => continue,
                Piece::Records(..) => {
                    self.worker.set_format(sniffer.look(block.bytes));
                    self.worker.rewrite(block);
                    self.report(block.bytes, 0, block.bytes.len(), report);
                }
                Piece::Part(_, _, w) => {
                    let consumed = self.worker.rewrite(block).consumed();
                    self.report(block.bytes, w.context, consumed, report);
                    blocks.consumed(piece, consumed);
                }
            }
        }
        Ok(())
    }

    /// Reports the findings in `from..to` of a block and moves on.
    fn report(&mut self, block: &[u8], from: usize, to: usize, report: &mut Reporter<'_>) {
        let (name, mut line, mut at, mut column) = (self.name, self.line, from, self.column);
        let offset = self.offset;
        self.worker.findings(|f| {
            let start = f.span.start as usize;
            if let Some(n) = memchr::memrchr(b'\n', &block[at..start.max(at)]) {
                line += memchr::memchr_iter(b'\n', &block[at..=at + n]).count() as u64;
                at += n + 1;
                column = 0;
            }
            let place = Place {
                name,
                line,
                column: column + (start - at) as u64 + 1,
                offset: offset + (start - from) as u64,
                value: &block[f.span.range()],
            };
            report.finding(&f, &place);
        });
        let rest = &block[from..to];
        self.line += memchr::memchr_iter(b'\n', rest).count() as u64;
        self.column = match memchr::memrchr(b'\n', rest) {
            Some(n) => (rest.len() - n - 1) as u64,
            None => self.column + rest.len() as u64,
        };
        self.offset += rest.len() as u64;
    }
}

/// Bytes of one read.
const READ: usize = 128 << 10;

/// Where a finding stands; line and column count from 1, in bytes.
struct Place<'a> {
    name: &'a str,
    line: u64,
    column: u64,
    offset: u64,
    value: &'a [u8],
}

struct Reporter<'a> {
    args: &'a ScanArgs,
    engine: &'a Engine,
    out: BufWriter<io::Stdout>,
    count: u64,
    by_entity: std::collections::BTreeMap<String, u64>,
    /// The output failed.
    broken: Option<io::Error>,
}

impl<'a> Reporter<'a> {
    fn new(args: &'a ScanArgs, engine: &'a Engine) -> Self {
        let out = BufWriter::new(io::stdout());
        Reporter { args, engine, out, count: 0, by_entity: Default::default(), broken: None }
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.args.format {
            Report::Human | Report::Jsonl => Ok(()),
            Report::Json => write!(self.out, "{{\"policy\":{},\"findings\":[", json(&self.engine.policy().id)),
            Report::Sarif => {
                let rules: Vec<_> = self.engine.rules().entities.iter().map(|e| {
                    serde_json::json!({
                        "id": e.name,
                        "shortDescription": { "text": format!("{} (category {}, level {})", e.name, e.category.name(), e.level) },
                        "properties": { "category": e.category.name(), "level": e.level },
                    })
                }).collect();
                let driver = serde_json::json!({
                    "name": "logveil", "version": env!("CARGO_PKG_VERSION"), "rules": rules,
                });
                write!(
                    self.out,
                    "{{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{{\"tool\":{{\"driver\":{driver}}},\"columnKind\":\"utf16CodeUnits\",\"results\":["
                )
            }
        }
    }

    fn finding(&mut self, f: &Explained<'_>, place: &Place<'_>) {
        if f.kept && !self.args.kept || self.broken.is_some() {
            return;
        }
        self.count += 1;
        *self.by_entity.entry(f.entity.to_string()).or_default() += 1;
        if let Err(e) = self.write(f, place) {
            self.broken = Some(e);
        }
    }

    fn write(&mut self, f: &Explained<'_>, p: &Place<'_>) -> io::Result<()> {
        let shown = self.args.show_values.then(|| String::from_utf8_lossy(p.value).into_owned());
        let comma = if self.count > 1 { "," } else { "" };
        match self.args.format {
            Report::Human => {
                let value = shown.unwrap_or_else(|| format!("({} bytes)", p.value.len()));
                writeln!(
                    self.out,
                    "{}:{}:{}: {} {value}, by {} ({}), written {}; clause {}: {}",
                    p.name,
                    p.line,
                    p.column,
                    f.entity,
                    f.rule,
                    f.confidence,
                    f.carrier,
                    f.clause,
                    if f.kept { "keep" } else { f.transform }
                )
            }
            Report::Json | Report::Jsonl => {
                let one = serde_json::json!({
                    "file": p.name, "line": p.line, "column": p.column, "offset": p.offset, "length": p.value.len(),
                    "entity": f.entity, "category": f.category, "level": f.level, "rule": f.rule,
                    "confidence": f.confidence, "carrier": f.carrier, "clause": f.clause, "transform": f.transform,
                    "kept": f.kept, "value": shown,
                });
                match self.args.format {
                    Report::Json => write!(self.out, "{comma}\n{one}"),
                    _ => writeln!(self.out, "{one}"),
                }
            }
            Report::Sarif => {
                let level = if f.level >= 3 { "error" } else { "warning" };
                let text = match shown {
                    Some(v) => format!("{} `{v}`; clause {}", f.entity, f.clause),
                    None => format!("{}, {} bytes; clause {}", f.entity, p.value.len(), f.clause),
                };
                let one = serde_json::json!({
                    "ruleId": f.entity, "level": level, "message": { "text": text },
                    "locations": [{ "physicalLocation": {
                        "artifactLocation": { "uri": p.name },
                        "region": { "startLine": p.line, "byteOffset": p.offset, "byteLength": p.value.len() },
                    }}],
                    "properties": {
                        "column": p.column, "rule": f.rule, "confidence": f.confidence, "carrier": f.carrier,
                        "clause": f.clause,
                    },
                });
                write!(self.out, "{comma}\n{one}")
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self.args.format {
            Report::Human => {
                for (entity, n) in &self.by_entity {
                    writeln!(self.out, "{n:>10}  {entity}")?;
                }
                writeln!(self.out, "{:>10}  findings", self.count)?;
            }
            Report::Jsonl => {}
            Report::Json => {
                writeln!(
                    self.out,
                    "\n],\"count\":{},\"entities\":{}}}",
                    self.count,
                    serde_json::json!(self.by_entity)
                )?;
            }
            Report::Sarif => writeln!(self.out, "\n]}}]}}")?,
        }
        self.out.flush()
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
