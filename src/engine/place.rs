//! What rarer transforms want to know of a value's surroundings; looked up only for them.

use super::Engine;
use crate::detect::Detector;
use crate::detect::hit::Hit;
use crate::format::time;
use crate::model::Category;
use crate::transform::canonical::CanonBuf;
use crate::transform::{At, Needs};
use std::ops::Range;

/// Categories that name a subject, the surest first.
const SUBJECTS: [Category; 4] = [Category::Account, Category::IdentityDoc, Category::Basic, Category::Device];

/// Bounds of the record around a byte of a block, without its newline.
pub fn record_at(block: &[u8], byte: usize) -> Range<usize> {
    let start = memchr::memrchr(b'\n', &block[..byte]).map_or(0, |i| i + 1);
    let end = memchr::memchr(b'\n', &block[byte..]).map_or(block.len(), |i| byte + i);
    start..end
}

/// Hits that begin in a range of bytes.
pub fn hits_in(hits: &[Hit], range: &Range<usize>) -> Range<usize> {
    let at = |byte: usize| hits.partition_point(|h| (h.start as usize) < byte);
    at(range.start)..at(range.end)
}

/// Unix seconds of a record's event, when the record says.
pub fn event_time(detector: &Detector<'_>, block: &[u8], record: &Range<usize>, offset: i32) -> Option<i64> {
    let times = detector.times();
    let from = times.partition_point(|t| (t.0 as usize) < record.start);
    let mut stated = times[from..].iter().take_while(|t| (t.0 as usize) < record.end);
    stated.find_map(|&(s, e)| time::of_value(&block[s as usize..e as usize], offset)).or_else(|| {
        (block.get(record.start) != Some(&b'{')).then(|| time::of_text(&block[record.clone()], offset)).flatten()
    })
}

/// Surroundings of a hit, as far as they are needed.
pub fn at<'a>(
    needs: Needs,
    detector: &'a Detector<'_>,
    block: &'a [u8],
    hit: &Hit,
    engine: &Engine,
    canon: &'a mut CanonBuf,
) -> At<'a> {
    let mut at = At { record: b"", offset: 0, subject: b"", day: 0, canon };
    if needs == Needs::Nothing {
        return at;
    }
    let record = record_at(block, hit.start as usize);
    match needs {
        Needs::Record => {
            at.offset = hit.start as usize - record.start;
            at.record = &block[record];
        }
        Needs::Subject => {
            let hits = &detector.hits()[hits_in(detector.hits(), &record)];
            let of = |c: Category| hits.iter().find(|h| engine.rules.entity(h.entity).category == c);
            if let Some(h) = SUBJECTS.into_iter().find_map(of) {
                at.subject = detector.value(block, h).expose();
            }
        }
        Needs::Day => {
            let offset = engine.policy().offset;
            let when = event_time(detector, block, &record, offset).unwrap_or(engine.ingest);
            at.day = crate::tag::day(when, offset);
        }
        Needs::Nothing => {}
    }
    at
}
