//! Compresses de-identified bytes, a member at a time; the only door to the compressors.
//!
//! Every piece becomes a gzip member, Zstandard frame, bzip2 or xz stream of its own, so pieces are compressed by as many
//! threads as there are and their concatenation is an ordinary file. A gzip member carries its own compressed size in an
//! extra field (RFC 1952 section 2.3.1.1, subfield `LV`): a reader can hop from member to member and inflate them in
//! parallel.

use crate::engine::Clean;
use crate::input::codec::Codec;
use crate::input::encoding::{Encoding, encode, encode_with};
use std::io::{self, Write};
use std::ops::Range;
use zeroize::{Zeroize, Zeroizing};

/// Level that stands for the usual one of each compression.
pub fn default_level(codec: Codec) -> u32 {
    match codec {
        Codec::Plain => 0,
        Codec::Gzip | Codec::Xz => 6,
        Codec::Zstd => 3,
        Codec::Bzip2 => 9,
    }
}

/// The levels of a compression.
pub fn levels(codec: Codec) -> std::ops::RangeInclusive<u32> {
    match codec {
        Codec::Plain => 0..=0,
        Codec::Gzip => 1..=12,
        Codec::Zstd => 1..=19,
        Codec::Bzip2 => 1..=9,
        Codec::Xz => 0..=9,
    }
}

/// How outputs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packing {
    /// Compression.
    pub codec: Codec,
    /// Its level.
    pub level: u32,
    /// Records go to partitions by retention class and expiry.
    pub partitions: Option<Grain>,
}

/// How fine the dates of partitions are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    /// Days.
    Day,
    /// Months: fewer files, each of which stays to the end of its month.
    Month,
}

/// Consecutive de-identified blocks on their way to a file. Filled from [`Clean`] only.
#[derive(Default)]
pub struct Packed {
    clean: Vec<u8>,
    tags: Vec<u8>,
    entries: Vec<(usize, Range<usize>)>,
    sections: Vec<Section>,
    coding: Encoding,
    mark: &'static [u8],
    rest: Vec<u8>,
}

/// What goes to one file.
#[derive(Default)]
pub struct Section {
    /// Partition; empty for the file itself.
    pub partition: String,
    bytes: Vec<u8>,
    plain: bool,
}

impl Packed {
    /// Forgets everything, keeps the space.
    pub fn clear(&mut self) {
        self.clean.clear();
        self.tags.clear();
        self.entries.clear();
        self.sections.clear();
        (self.coding, self.mark) = (Encoding::Utf8, b"");
        self.rest.clear();
    }

    /// Makes room for that many bytes and no more: a buffer that grows by itself doubles.
    pub fn reserve(&mut self, bytes: usize) {
        self.clean.reserve_exact(bytes);
    }

    /// What was pushed is written in this encoding, behind a byte order mark of its own when the stream begins with one.
    pub fn encode_as(&mut self, coding: Encoding, mark: &'static [u8]) {
        (self.coding, self.mark) = (coding, mark);
    }

    /// Begins with what another one left; nothing was pushed yet.
    pub fn follow(&mut self, before: &mut Packed) {
        self.clean.append(&mut before.rest);
    }

    /// Translates what was pushed, and the places of records with it. A character that is not whole at the end is left.
    fn recode(&mut self) {
        let text = Zeroizing::new(std::mem::take(&mut self.clean));
        let (coding, out) = (self.coding, &mut self.clean);
        out.extend_from_slice(self.mark);
        let at = encode_with(&text, coding, out, self.entries.iter_mut().map(|e| &mut e.0));
        self.coding = Encoding::Utf8;
        self.rest = text[at..].to_vec();
    }

    /// Appends what a worker made.
    pub fn push(&mut self, clean: &Clean<'_>) {
        let at = self.clean.len();
        self.clean.extend_from_slice(clean.bytes());
        for (offset, tag) in clean.manifest() {
            let from = self.tags.len();
            self.tags.extend_from_slice(tag);
            self.entries.push((at + offset, from..self.tags.len()));
        }
    }

    /// Appends headers and spooled bodies of an archive.
    pub(super) fn push_archive(&mut self, bytes: &[u8]) {
        self.clean.extend_from_slice(bytes);
    }

    /// De-identified bytes, before compression.
    pub fn len(&self) -> usize {
        self.clean.len()
    }

    /// True when nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.clean.is_empty()
    }

    /// Where each record begins, and its tag.
    pub fn tags(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.entries.iter().map(|(at, r)| (*at, &self.tags[r.clone()]))
    }

    /// What goes to which file, after [`Packer::seal`].
    pub fn sections(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.sections.iter().map(|s| (s.partition.as_str(), if s.plain { &self.clean[..] } else { &s.bytes[..] }))
    }

    /// Splits records by the partition of their tags.
    fn split(&self, grain: Grain) -> Vec<(String, Vec<u8>)> {
        let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
        let (mut at, mut next, mut here) = (0, 0, None);
        while at < self.clean.len() {
            let end = memchr::memchr(b'\n', &self.clean[at..]).map_or(self.clean.len(), |n| at + n + 1);
            while self.entries.get(next).is_some_and(|e| e.0 < at) {
                next += 1;
            }
            let tag = self.entries.get(next).filter(|e| e.0 == at).map(|e| &self.tags[e.1.clone()]);
            // Empty lines stay with the record before them.
            if tag.is_some() || here.is_none() || end - at > 2 {
                let name = partition(tag, grain);
                here = Some(parts.iter().position(|p| p.0 == name).unwrap_or_else(|| {
                    parts.push((name, Vec::new()));
                    parts.len() - 1
                }));
            }
            parts[here.unwrap_or(0)].1.extend_from_slice(&self.clean[at..end]);
            at = end;
        }
        parts
    }
}

impl Drop for Packed {
    fn drop(&mut self) {
        self.clean.zeroize();
    }
}

/// Folder of records with this tag, in the `name=value` form that readers of partitioned data know.
fn partition(tag: Option<&[u8]>, grain: Grain) -> String {
    let text = tag.and_then(|t| std::str::from_utf8(t).ok()).unwrap_or_default();
    let member = |name: &str| {
        let from = text.find(&format!("\"{name}\":\""))? + name.len() + 4;
        let value = &text[from..from + text[from..].find('"')?];
        let safe = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        (safe && !value.starts_with('.')).then_some(value)
    };
    let Some(class) = member("class") else { return "class=untagged/delete_after=never".into() };
    let mut name = format!("class={class}");
    let date = |part| member(part).map(|v| if grain == Grain::Month { v.get(..7).unwrap_or(v) } else { v });
    member("hold").into_iter().for_each(|v| name += &format!("/hold={v}"));
    for part in ["keep_until", "restrict_after"] {
        date(part).into_iter().for_each(|v| name += &format!("/{part}={v}"));
    }
    name + "/delete_after=" + date("delete_after").unwrap_or("never")
}

/// One thread's compressors.
pub struct Packer {
    packing: Packing,
    deflate: Option<libdeflater::Compressor>,
    zstd: Option<zstd::bulk::Compressor<'static>>,
    /// Room for the largest member so far: its size is known only when it is compressed.
    room: Vec<u8>,
}

impl Packer {
    /// Compressors for this packing.
    ///
    /// # Errors
    /// When a compressor can't be made.
    pub fn new(packing: Packing) -> io::Result<Packer> {
        let level = packing.level as i32;
        let deflate = match packing.codec {
            Codec::Gzip => Some(
                libdeflater::CompressionLvl::new(level)
                    .map_err(|_| io::Error::other(format!("level {level} of gzip does not exist")))?,
            ),
            _ => None,
        };
        let zstd = match packing.codec {
            Codec::Zstd => Some(zstd_compressor(level)?),
            _ => None,
        };
        Ok(Packer { packing, deflate: deflate.map(libdeflater::Compressor::new), zstd, room: Vec::new() })
    }

    /// Makes the sections of what was pushed.
    ///
    /// # Errors
    /// Those of the compressor.
    pub fn seal(&mut self, packed: &mut Packed) -> io::Result<()> {
        packed.sections.clear();
        if packed.clean.is_empty() && packed.mark.is_empty() {
            return Ok(());
        }
        if let Some(grain) = self.packing.partitions {
            for (partition, mut clean) in packed.split(grain) {
                let mut bytes = Vec::new();
                if packed.coding != Encoding::Utf8 {
                    let text = Zeroizing::new(std::mem::take(&mut clean));
                    encode(&text, packed.coding, &mut clean);
                }
                self.compress(&clean, &mut bytes)?;
                packed.sections.push(Section { partition, bytes, plain: false });
            }
            return Ok(());
        }
        if packed.coding != Encoding::Utf8 {
            packed.recode();
        }
        let mut section = Section { plain: self.packing.codec == Codec::Plain, ..Section::default() };
        if !section.plain {
            self.compress(&packed.clean, &mut section.bytes)?;
        }
        packed.sections.push(section);
        Ok(())
    }

    /// What an empty file looks like in this compression.
    ///
    /// # Errors
    /// Those of the compressor.
    pub fn empty(&mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        self.compress(b"", &mut out)?;
        Ok(out)
    }

    /// Appends one member that holds `bytes`.
    ///
    /// # Errors
    /// Those of the compressor.
    pub fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self.packing.codec {
            Codec::Plain => out.extend_from_slice(bytes),
            Codec::Gzip => self.gzip(bytes, out)?,
            Codec::Zstd => self.zstd(bytes, out)?,
            Codec::Bzip2 => {
                let mut e = bzip2::write::BzEncoder::new(out, bzip2::Compression::new(self.packing.level));
                e.write_all(bytes)?;
                e.finish()?;
            }
            Codec::Xz => {
                let stream = xz_stream(self.packing.level, bytes.len())?;
                let mut e = liblzma::write::XzEncoder::new_stream(out, stream);
                e.write_all(bytes)?;
                e.finish()?;
            }
        }
        Ok(())
    }

    /// A gzip member whose extra field holds its size.
    fn gzip(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        const HEADER: &[u8] = b"\x1F\x8B\x08\x04\0\0\0\0\0\xFF\x08\0LV\x04\0\0\0\0\0";
        let Some(deflate) = &mut self.deflate else { return Err(io::Error::other("no gzip compressor")) };
        let most = deflate.deflate_compress_bound(bytes.len());
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        let n = deflate.deflate_compress(bytes, &mut self.room).map_err(|e| io::Error::other(e.to_string()))?;
        let start = out.len();
        out.reserve_exact(HEADER.len() + n + 8);
        out.extend_from_slice(HEADER);
        let body = out.len();
        out.extend_from_slice(&self.room[..n]);
        let mut crc = libdeflater::Crc::new();
        crc.update(bytes);
        out.extend_from_slice(&crc.sum().to_le_bytes());
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        let size = (out.len() - start) as u32;
        out[body - 4..body].copy_from_slice(&size.to_le_bytes());
        Ok(())
    }

    fn zstd(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let Some(zstd) = &mut self.zstd else { return Err(io::Error::other("no zstd compressor")) };
        self.room.clear();
        self.room.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        zstd.compress_to_buffer(bytes, &mut self.room)?;
        out.extend_from_slice(&self.room);
        Ok(())
    }
}

/// A compressor of Zstandard frames with checksums.
///
/// The usual level takes the one table of `fast` and matches of seven bytes or more. Pseudonyms are long, and random
/// otherwise: shorter matches of their digits cost more than they save. On de-identified logs, output is as small as that
/// of the two tables and five bytes that `zstd -3` takes, in two thirds of the time.
fn zstd_compressor(level: i32) -> io::Result<zstd::bulk::Compressor<'static>> {
    use zstd::zstd_safe::{CParameter, Strategy};
    let mut c = zstd::bulk::Compressor::new(level)?;
    c.include_checksum(true)?;
    if level == default_level(Codec::Zstd) as i32 {
        c.set_parameter(CParameter::Strategy(Strategy::ZSTD_fast))?;
        c.set_parameter(CParameter::HashLog(16))?;
        c.set_parameter(CParameter::MinMatch(7))?;
    }
    Ok(c)
}

/// An encoder whose dictionary is no larger than the piece: the usual 8 MiB would cost 94 MiB a thread.
fn xz_stream(level: u32, len: usize) -> io::Result<liblzma::stream::Stream> {
    use liblzma::stream::{Check, Filters, LzmaOptions, Stream};
    let mut options = LzmaOptions::new_preset(level)?;
    options.dict_size((len as u32).next_power_of_two().clamp(1 << 16, 4 << 20));
    let mut filters = Filters::new();
    filters.lzma2(&options);
    Ok(Stream::new_stream_encoder(&filters, Check::Crc64)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn members_add_up_to_a_file() {
        for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz] {
            let mut p = Packer::new(Packing { codec, level: default_level(codec), partitions: None }).unwrap();
            let mut file = p.empty().unwrap();
            let mut want = Vec::new();
            for piece in [&b"one\n"[..], &b"two two two\n".repeat(9000), b"no end"] {
                p.compress(piece, &mut file).unwrap();
                want.extend_from_slice(piece);
            }
            assert_eq!(Codec::of(&file), codec);
            let mut got = Vec::new();
            crate::input::codec::decoder(&file, &file[..]).unwrap().read_to_end(&mut got).unwrap();
            assert_eq!(got, want, "{codec:?}");
        }
    }

    #[test]
    fn partitions_follow_the_tag() {
        let tag = br#"{"ret":{"class":"network_log","keep_until":"2027-05-23","delete_after":"2027-06-01"}}"#;
        assert_eq!(partition(Some(tag), Grain::Day), "class=network_log/keep_until=2027-05-23/delete_after=2027-06-01");
        assert_eq!(partition(Some(tag), Grain::Month), "class=network_log/keep_until=2027-05/delete_after=2027-06");
        let tag = br#"{"ret":{"class":"network_log","keep_until":"2027-05-23","state":"held"},"hold":"case-1"}"#;
        assert_eq!(
            partition(Some(tag), Grain::Day),
            "class=network_log/hold=case-1/keep_until=2027-05-23/delete_after=never"
        );
        let tag = br#"{"ret":{"class":"a","keep_until":"2027-05-23","delete_after":"2027-05-23","restrict_after":"2027-02-01"}}"#;
        assert_eq!(
            partition(Some(tag), Grain::Day),
            "class=a/keep_until=2027-05-23/restrict_after=2027-02-01/delete_after=2027-05-23"
        );
        assert_eq!(partition(Some(br#"{"ret":{"class":"../x"}}"#), Grain::Day), "class=untagged/delete_after=never");
        assert_eq!(partition(None, Grain::Day), "class=untagged/delete_after=never");
    }
}
