//! Streams in GB 18030 and UTF-16: any bytes come back as they were, and no value comes out of them.

use super::carriers::{TEMPLATES, WRITERS, assert_gone, planted};
use super::{Behaviour, behaviour, constant, sniffed};
use encoding_rs::GB18030;
use logveil::engine::{Engine, MAX_BLOCK, MAX_WINDOW};
use logveil::input::encoding::{Decided, Decoder, Encoding};
use logveil::input::{Always, Blocks, Limits, Piece};
use logveil::output::encoding::Encoder;
use std::io::{Read, Write};
use std::sync::OnceLock;

const ALL: [Encoding; 3] = [Encoding::Gb18030, Encoding::Utf16Le, Encoding::Utf16Be];

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(constant)
}

/// Both laws, on bytes as a stream and as a text in a stream.
pub fn check(data: &[u8]) -> Behaviour {
    let mut seen = Vec::new();
    for encoding in [None, Some(ALL[0]), Some(ALL[1]), Some(ALL[2])] {
        let decided = Decided::default();
        let mut text = Vec::new();
        Decoder::new(data, encoding, decided.clone()).read_to_end(&mut text).expect("bytes in memory");
        seen.push(behaviour(("encoding", decided.get() as u8, encoding.is_some(), text.len().min(64) / 8)));
        assert!(written(&text, decided) == data, "{encoding:?}: other bytes come back");
    }
    let text: String = String::from_utf8_lossy(data).chars().filter(|c| (*c as u32) < 0x10_FF00).collect();
    for (i, encoding) in ALL.into_iter().enumerate() {
        nothing_leaks(encoding, text.as_bytes(), i);
    }
    seen
}

fn written(text: &[u8], decided: Decided) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out, decided).write_all(text).expect("bytes in memory");
    out
}

fn nothing_leaks(encoding: Encoding, text: &[u8], nr: usize) {
    let pick = text.iter().fold(nr, |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b))) >> 3;
    let writer = WRITERS[pick % WRITERS.len()];
    let p = planted(&TEMPLATES[pick / 64 % TEMPLATES.len()], writer.1, text, (b"", text));
    let stream = encoded(&String::from_utf8_lossy(&p.stream), encoding);
    let out = filtered(&stream, encoding);
    let back = decoded(&out, encoding);
    assert_gone(&p, back.as_bytes(), text, || {
        format!("{encoding:?}: {} leaks from {}", writer.0, p.stream.escape_ascii())
    });
}

fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.into(),
        Encoding::Gb18030 => GB18030.encode(text).0.into_owned(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

fn decoded(bytes: &[u8], encoding: Encoding) -> String {
    let units = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|b| read([b[0], b[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match encoding {
        Encoding::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
        Encoding::Gb18030 => GB18030.decode_without_bom_handling(bytes).0.into_owned(),
        Encoding::Utf16Le => units(u16::from_le_bytes),
        Encoding::Utf16Be => units(u16::from_be_bytes),
    }
}

/// What a stream becomes, in its encoding.
fn filtered(stream: &[u8], encoding: Encoding) -> Vec<u8> {
    let decided = Decided::default();
    let mut out = Vec::new();
    let mut output = Encoder::new(&mut out, decided.clone());
    let limits = Limits { block: MAX_BLOCK, window: MAX_WINDOW, read: 4096 };
    let mut blocks = Blocks::new(Decoder::new(stream, Some(encoding), decided), limits);
    let mut worker = engine().worker();
    let mut format = None;
    loop {
        let piece = blocks.next(&Always).expect("bytes in memory");
        match piece {
            Piece::End => break,
            Piece::Pause => {}
            piece => {
                let block = blocks.block(piece);
                let format = *format.get_or_insert_with(|| sniffed(engine(), block.bytes));
                worker.set_format(format);
                let clean = worker.rewrite(block);
                output.write_all(clean.bytes()).expect("bytes in memory");
                let consumed = clean.consumed();
                blocks.consumed(piece, consumed);
            }
        }
    }
    drop(output);
    out
}
