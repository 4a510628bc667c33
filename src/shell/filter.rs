//! `logveil filter`.

use super::args::{FilterArgs, Tag};
use super::exit::Exit;
use super::lifecycle::record;
use super::live::{Poll, Stoppable, stop_flag};
use super::parallel::Threads;
use super::views::{self, Views, Watch};
use super::{Failure, parallel, setup, stats};
use crate::audit::Tally;
use crate::engine::{Clean, Disclosed, Engine, Format, MAX_BLOCK, MAX_WINDOW, Sniffer, TagMode};
use crate::input::encoding::{Decided, Decoder, Encoding};
use crate::input::{Always, Blocks, Limits, Piece, Readiness};
use crate::output::Sink;
use crate::output::encoding::Encoder;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Bytes that one read of a plain file or a busy pipe asks for.
const READ: usize = 128 << 10;

/// De-identifies all inputs in order.
pub fn run(args: &FilterArgs) -> Result<Exit, Failure> {
    let tag = match args.tag {
        Tag::Inline => TagMode::Inline,
        Tag::None => TagMode::None,
        Tag::Manifest if args.manifest.is_some() => TagMode::Manifest,
        Tag::Manifest => return Err((Exit::Usage, "--tag manifest needs --manifest FILE".into())),
    };
    if let Some(protocol) = args.protocol {
        return super::protocol::run(args, protocol, tag);
    }
    // First of all: Apache may ask for the end of a child that has only just begun.
    let stop = stop_flag().map_err(|e| (Exit::Io, format!("signals: {e}")))?;
    let recipients: Vec<String> = views::pairs(args)?.into_iter().map(|p| p.0).collect();
    let engine = setup::engine_for(&args.policy, tag, &recipients)?.counting_unparsed(args.stats.is_some());
    views::check_region(args, &engine)?;
    let watch = Watch::open(&args.list, &engine)?;
    let views = Views::open(args)?;
    let ring = record::ready(&args.record, &args.policy.keys)?;
    let mut job = Job {
        args,
        engine: &engine,
        format: setup::format(&engine, &args.format)?,
        encoding: setup::encoding(&args.encoding)?,
        decided: Decided::default(),
        stop,
        sink: None,
        tally: Tally::default(),
        watch,
        views,
        disclosed: Vec::new(),
    };
    let started = Instant::now();
    let mut exit = Exit::Clean;
    let stdin = [Path::new("-").to_path_buf()];
    let files = if args.files.is_empty() { &stdin[..] } else { &args.files[..] };
    for path in files {
        match job.file(path) {
            Ok(()) => {}
            Err(Stop::Input(message)) => {
                eprintln!("logveil: {message}");
                exit = exit.and(Exit::Io);
            }
            Err(Stop::Output(e)) if e.kind() == ErrorKind::BrokenPipe => {
                record::run(&args.record, ring.as_ref(), &engine, &job.tally, &job.disclosed)?;
                return Ok(Exit::Clean);
            }
            Err(Stop::Output(e)) => return Err((Exit::Io, format!("output: {e}"))),
        }
    }
    if let Some(sink) = &mut job.sink
        && let Err(e) = sink.flush()
        && e.kind() != ErrorKind::BrokenPipe
    {
        return Err((Exit::Io, format!("output: {e}")));
    }
    job.views.finish(&engine, &job.disclosed)?;
    record::run(&args.record, ring.as_ref(), &engine, &job.tally, &job.disclosed)?;
    if let Some(form) = args.stats {
        stats::print(form, &job.tally, engine.rules(), started.elapsed().as_secs_f64());
    }
    if job.tally.suppressed_records > 0 || job.tally.unfit > 0 {
        exit = exit.and(Exit::Suppressed);
    }
    Ok(exit)
}

/// Why a stream ended early.
pub enum Stop {
    /// Its input failed; the next one may work.
    Input(String),
    /// The output failed.
    Output(io::Error),
}

struct Job<'a> {
    args: &'a FilterArgs,
    engine: &'a Engine,
    format: Option<Format>,
    encoding: Option<Encoding>,
    decided: Decided,
    stop: Arc<AtomicBool>,
    sink: Option<Sink>,
    tally: Tally,
    watch: Watch,
    views: Views,
    /// What each view disclosed.
    disclosed: Vec<Disclosed>,
}

impl Job<'_> {
    fn file(&mut self, path: &Path) -> Result<(), Stop> {
        let name = path.display().to_string();
        if name == "-" {
            let stdin = io::stdin();
            // A duplicate without the standard library's buffer: poll and read must agree.
            let fd = stdin.as_fd().try_clone_to_owned().map_err(|e| Stop::Input(format!("stdin: {e}")))?;
            return self.stream(File::from(fd), "stdin");
        }
        match File::open(path) {
            Ok(f) if f.metadata().is_ok_and(|m| m.is_dir()) => {
                Err(Stop::Input(format!("{name}: is a directory; name files")))
            }
            Ok(f) => self.stream(f, &name),
            Err(e) => Err(Stop::Input(format!("{name}: {e}"))),
        }
    }

    fn stream(&mut self, file: File, name: &str) -> Result<(), Stop> {
        let plain = file.metadata().is_ok_and(|m| m.is_file());
        let cores = || std::thread::available_parallelism().map_or(1, |n| n.get().min(MAX_THREADS));
        let alone = self.engine.is_sequential() || !self.views.sinks.is_empty();
        let most = if alone { 1 } else { self.args.threads.unwrap_or_else(cores) };
        let threads = Threads { most, at_once: plain };
        let poll = file.try_clone().map_err(|e| Stop::Input(format!("{name}: {e}")))?;
        let input = Stoppable::new(file, self.stop.clone(), !plain);
        let input = Decoder::new(input, self.encoding, self.decided.clone());
        let block = if threads.most > 1 { CHUNK } else { MAX_BLOCK };
        let mut blocks = Blocks::new(input, Limits { block, window: MAX_WINDOW, read: READ });
        let live = Poll(poll.as_fd());
        let mut sniffer = self.engine.sniffer(self.format);
        if !self.views.sinks.is_empty() {
            return match plain {
                true => self.viewed(&mut blocks, &mut sniffer, &Always, name),
                false => self.viewed(&mut blocks, &mut sniffer, &live, name),
            };
        }
        let (sink, args, decided) = (&mut self.sink, self.args, &self.decided);
        let (engine, watch) = (self.engine, &mut self.watch);
        let mut write = |clean: &Clean<'_>| sink_of(sink, args, decided)?.write(clean);
        let tally = parallel::run(self.engine, threads, &mut write, |feed| {
            loop {
                watch.poll(engine);
                let piece = if plain { blocks.next(&Always) } else { blocks.next(&live) };
                let piece = piece.map_err(|e| Stop::Input(format!("{name}: {e}")))?;
                match piece {
                    Piece::End => return Ok(()),
                    Piece::Pause => feed.drain()?,
                    Piece::Records(..) => {
                        let bytes = blocks.block(piece).bytes;
                        let format = sniffer.look(bytes);
                        feed.records(bytes, format, plain || bytes.len() >= block / 2)?;
                    }
                    Piece::Part(..) => {
                        let consumed = feed.part(blocks.block(piece))?;
                        blocks.consumed(piece, consumed);
                    }
                }
            }
        })?;
        self.tally.merge(&tally);
        Ok(())
    }

    /// One worker and several outputs.
    fn viewed(
        &mut self,
        blocks: &mut Blocks<impl Read>,
        sniffer: &mut Sniffer<'_>,
        ready: &impl Readiness,
        name: &str,
    ) -> Result<(), Stop> {
        let engine = self.engine;
        let mut worker = engine.worker();
        let (sink, args, decided, sinks) = (&mut self.sink, self.args, &self.decided, &mut self.views.sinks);
        let mut write = |view: usize, clean: &Clean<'_>| match view {
            0 => sink_of(sink, args, decided)?.write(clean),
            n => sinks[n - 1].write(clean),
        };
        loop {
            self.watch.poll(engine);
            let piece = blocks.next(ready).map_err(|e| Stop::Input(format!("{name}: {e}")))?;
            match piece {
                Piece::End => break,
                Piece::Pause => {}
                _ => {
                    let block = blocks.block(piece);
                    if block.window.is_none() {
                        worker.set_format(sniffer.look(block.bytes));
                    }
                    let consumed = worker.views(block, &mut write).map_err(Stop::Output)?;
                    if let Piece::Part(..) = piece {
                        blocks.consumed(piece, consumed);
                    }
                }
            }
        }
        self.tally.merge(worker.tally());
        self.disclosed.resize(worker.disclosed().len(), Disclosed::default());
        self.disclosed.iter_mut().zip(worker.disclosed()).for_each(|(a, b)| a.merge(b));
        Ok(())
    }
}

/// More threads than this only wait for the one that reads and writes.
const MAX_THREADS: usize = 8;

/// Bytes of a chunk for one worker.
const CHUNK: usize = MAX_WINDOW;

/// The sink, opened with the first block: a process that gets no input leaves no trace.
fn sink_of<'s>(sink: &'s mut Option<Sink>, args: &FilterArgs, decided: &Decided) -> io::Result<&'s mut Sink> {
    match sink {
        Some(s) => Ok(s),
        None => {
            if args.policy.keys.none() {
                eprintln!("{}", setup::EPHEMERAL);
            }
            Ok(sink.insert(open_sink(args, decided)?))
        }
    }
}

fn open_sink(args: &FilterArgs, decided: &Decided) -> io::Result<Sink> {
    let manifest = args.manifest.as_ref().filter(|_| args.tag == Tag::Manifest).map(File::create).transpose()?;
    let out: Box<dyn Write + Send> = match &args.output {
        // Two children of Apache may overlap for a moment: appending keeps their records whole.
        Some(path) => Box::new(std::fs::OpenOptions::new().append(true).create(true).open(path)?),
        None => Box::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)),
    };
    Ok(Sink::new(Box::new(Encoder::new(out, decided.clone())), manifest))
}
