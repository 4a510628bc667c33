use super::*;
use crate::engine::{Engine, EngineConfig, HashKernel, ScanKernel, TagMode};
use crate::keys::MasterKey;
use crate::model::Block;
use crate::rules::{Ruleset, policy_builtin};
use crate::sidecar::sink::{Sink, SinkMark};

fn engine() -> Engine {
    let rules = Ruleset::builtin();
    let policy = crate::policy::compile("web-minimal", policy_builtin("web-minimal").unwrap(), &rules).unwrap();
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    let key = MasterKey::ephemeral();
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag: TagMode::None, scan, hash, ingest: 0 }).unwrap()
}

/// Does what the thread behind a lane does.
fn settle(writer: &mut Writer) -> SinkMark {
    let commit = writer.commit().unwrap();
    commit.files.iter().for_each(|f| f.sync_data().unwrap());
    commit.then.unwrap()();
    commit.mark
}

fn fill(writer: &mut Writer, range: std::ops::Range<u32>) -> At {
    let engine = engine();
    let mut worker = engine.worker();
    for i in range {
        writer.write(&worker.rewrite(Block::records(format!("line {i}\n").as_bytes()))).unwrap();
    }
    let SinkMark::Buffer { segment, offset } = settle(writer) else { panic!("no mark of a buffer") };
    At { segment, offset }
}

fn drain(reader: &mut Reader) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(b) = reader.pull().unwrap() {
        all.push(String::from_utf8(b.bytes().to_vec()).unwrap());
        reader.delivered(&b).unwrap();
    }
    all
}

fn lines(range: impl IntoIterator<Item = u32>) -> Vec<String> {
    range.into_iter().map(|i| format!("line {i}\n")).collect()
}

#[test]
fn what_was_committed_comes_out_once_and_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = open(dir.path(), 16 << 20, None).unwrap();
    let mark = fill(&mut writer, 0..5);
    assert_eq!(drain(&mut reader), lines(0..5));
    reader.save().unwrap();
    let later = fill(&mut writer, 5..9);
    assert!(later > mark);
    drop((writer, reader));
    // A crash: the checkpoint knows of the first five only, and the lane writes the others again.
    let (mut writer, mut reader) = open(dir.path(), 16 << 20, Some(mark)).unwrap();
    fill(&mut writer, 5..7);
    assert_eq!(drain(&mut reader), lines(5..7));
}

#[test]
fn pieces_of_a_record_come_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = open(dir.path(), 32 << 20, None).unwrap();
    let engine = engine();
    let mut worker = engine.worker();
    // Longer than a segment, so that the end of one is in the middle of a record; the second is longer than any message.
    let piece = "x".repeat(60_000);
    for pieces in [10, 100, 50] {
        for _ in 0..pieces {
            writer.write(&worker.rewrite(Block::records(piece.as_bytes()))).unwrap();
        }
        writer.write(&worker.rewrite(Block::records(b"end\n"))).unwrap();
    }
    settle(&mut writer);
    let all = drain(&mut reader);
    let lengths: Vec<_> = all.iter().map(String::len).collect();
    assert_eq!(lengths, [600_004, 70 * 60_000, 30 * 60_000 + 4, 3_000_004]);
    assert!(all.iter().enumerate().all(|(i, r)| r.ends_with("end\n") == (i != 1)));
}

#[test]
fn damage_is_skipped_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path(), 16 << 20, None).unwrap();
    let mark = fill(&mut writer, 0..10);
    drop(writer);
    let path = segment_path(dir.path(), mark.segment);
    let whole = std::fs::read(&path).unwrap();
    let size = HEADER + "line 0\n".len();
    for (flip, gone) in [(HEADER + 2, 0), (3 * size, 3), (5 * size + 5, 5), (9 * size + 21, 9)] {
        let mut bytes = whole.clone();
        bytes[flip] ^= 0x40;
        std::fs::write(&path, &bytes).unwrap();
        let report = check(dir.path()).unwrap();
        assert_eq!((report.records, report.damaged, report.damaged_bytes), (9, 1, size as u64), "{flip}");
        let (_, mut reader) = open(dir.path(), 16 << 20, Some(mark)).unwrap();
        assert_eq!(drain(&mut reader), lines((0..10).filter(|i| *i != gone)));
        assert_eq!(reader.damaged, 1);
        let _ = std::fs::remove_file(dir.path().join("cursor"));
    }
    std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let (_, mut reader) = open(dir.path(), 16 << 20, Some(mark)).unwrap();
    assert_eq!(drain(&mut reader), lines(0..9));
    repair(dir.path()).unwrap();
    assert_eq!(check(dir.path()).unwrap().damaged, 0);
}

#[test]
fn a_full_buffer_refuses_until_something_was_delivered() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, mut reader) = open(dir.path(), 20 << 20, None).unwrap();
    let engine = engine();
    let mut worker = engine.worker();
    let text = "x".repeat(60_000) + "\n";
    let block = Block::records(text.as_bytes());
    let mut n = 0;
    while writer.write(&worker.rewrite(block)).is_ok() {
        n += 1;
        // What is not committed can't be delivered, so it is never refused: a turn would not end.
        if n % 40 == 0 {
            settle(&mut writer);
        }
    }
    assert!((200..400).contains(&n) && n % 40 == 0, "{n}");
    assert_eq!(drain(&mut reader).len(), n);
    assert!(writer.write(&worker.rewrite(block)).is_ok());
    assert!(reader.shared.bytes() < 10 << 20);
}
