//! Byte classes and event positions of a text, one pass, no data-dependent branches.
//!
//! A kernel turns 64 bytes into one bit per byte and class; `algebra` combines the bits of 64 such words into
//! events (a digit run of eleven ends here, a third dot, a key separator, ...); `Scanner` flattens events to positions.

mod algebra;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod bits;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

/// Number of byte classes.
pub const CLASSES: usize = 24;
/// Words of 64 bytes in a chunk; a chunk's masks fit the first-level cache.
pub const CHUNK_WORDS: usize = 64;
/// Bytes in a chunk.
pub const CHUNK: usize = CHUNK_WORDS * 64;

/// Index of each byte class.
#[allow(missing_docs)]
pub mod class {
    pub const DIGIT: usize = 0;
    pub const HEX: usize = 1;
    pub const WORD: usize = 2;
    pub const DOT: usize = 3;
    pub const COLON: usize = 4;
    pub const DASH: usize = 5;
    pub const QUOTE: usize = 6;
    pub const EQ: usize = 7;
    pub const AT: usize = 8;
    pub const PCT: usize = 9;
    pub const BSL: usize = 10;
    pub const SPACE: usize = 11;
    pub const PLUS: usize = 12;
    pub const EF: usize = 13;
    pub const Y_R: usize = 14;
    pub const UPPER_J: usize = 15;
    pub const PAREN: usize = 16;
    pub const KEYMARK: usize = 17;
    pub const LINE: usize = 18;
    pub const TERM: usize = 19;
    pub const HIGH: usize = 20;
    pub const HASH: usize = 21;
    pub const REF: usize = 22;
    pub const FRAME: usize = 23;
}

/// One mask per class for 64 bytes. `WORD` is `[A-Za-z0-9]` or a byte of 0x80 and above; `KEYMARK` is `_` or `$`;
/// `EQ` is `=` or `>`; `REF` is `&` or `;`; `FRAME` is `[`, `]`, `(` or a back quote; `Y_R` is `y` or `r`;
/// `TERM` is what no bare value holds: blanks, controls and `"'&;,)]}<>|`; `HIGH` is a byte of 0x80 and above.
pub type Masks = [u64; CLASSES];

/// Which machine code classifies bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// AVX-512 with byte operations, VBMI and GFNI.
    Avx512,
    /// AVX2.
    Avx2,
    /// NEON.
    Neon,
    /// Plain Rust, any machine; the reference for the others.
    Scalar,
}

impl Kernel {
    /// The fastest kernel this machine runs.
    pub fn detect() -> Kernel {
        [Kernel::Avx512, Kernel::Avx2, Kernel::Neon].into_iter().find(|k| k.available()).unwrap_or(Kernel::Scalar)
    }

    /// True when this machine can run the kernel.
    pub fn available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => {
                is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("avx512vbmi2")
                    && is_x86_feature_detected!("gfni")
                    && bits::available()
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2") && bits::available(),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Kernel::Scalar => true,
            _ => false,
        }
    }

    /// The kernel of that name (`avx512`, `avx2`, `neon`, `scalar`), whether or not this machine has it.
    pub fn parse(name: &str) -> Option<Kernel> {
        match name {
            "avx512" => Some(Kernel::Avx512),
            "avx2" => Some(Kernel::Avx2),
            "neon" => Some(Kernel::Neon),
            "scalar" => Some(Kernel::Scalar),
            _ => None,
        }
    }
}

/// One array of masks: the words of the chunk in slots `FRONT..END`, the last word of the chunk before in front of them.
/// Rows and the words of the chunk begin where vectors do.
pub(super) type Row = [u64; ROW];
pub(super) const FRONT: usize = 8;
pub(super) const END: usize = FRONT + CHUNK_WORDS;
pub(super) const ROW: usize = END;

/// Masks and intermediate results of one chunk.
#[repr(C, align(64))]
pub struct Chunk {
    pub(super) class: [Row; CLASSES],
    pub(super) work: algebra::Work,
    pub(super) event: [[u64; CHUNK_WORDS]; KINDS],
}

/// Number of event kinds.
pub const KINDS: usize = 25;

/// Index of each event kind; the position that an event names is given in parentheses.
pub mod kind {
    /// Separator after a key: `=`, `":`, `key:`, `key :`, `key]=`, `)=`, and `>` after the last word of a tag (separator).
    pub const KEY: usize = 0;
    /// End of a run of at least eleven digits (first byte behind).
    pub const DIGITS: usize = 1;
    /// Third dot of a dotted number, and fifth dot of hex digits between dots (dot).
    pub const DOTS: usize = 2;
    /// Fourth colon of a hex/colon run, or `::` (colon).
    pub const COLONS: usize = 3;
    /// End of a run of at least fourteen hex digits that holds a letter (first byte behind).
    pub const HEXRUN: usize = 4;
    /// Digits in groups, also with dots as North America writes them (last digit of the group that made it plain).
    pub const GROUPS: usize = 5;
    /// `%HH` (second hex digit).
    pub const PERCENT: usize = 6;
    /// Backslash (itself).
    pub const BACKSLASH: usize = 7;
    /// Fourth dash of a UUID (dash).
    pub const UUID: usize = 8;
    /// Fifth dash or underscore of a hardware address (mark).
    pub const MAC_DASH: usize = 9;
    /// Second dot or dash of a hardware address in groups of four digits (mark).
    pub const MAC_DOT: usize = 10;
    /// `@` after a word (at).
    pub const AT: usize = 11;
    /// `yJ` or `rJ` [the J].
    pub const JWT: usize = 12;
    /// `+` before a digit (digit).
    pub const PLUS: usize = 13;
    /// 0xEF, the first byte of full-width forms (itself); third dash between digit groups (dash) shares the list.
    pub const WIDE: usize = 14;
    /// End of a line (line feed).
    pub const LINE: usize = 15;
    /// Start of a run of bytes of 0x80 and above (first byte).
    pub const HIGH: usize = 16;
    /// `#` (itself); what stands beside quotes that CSV writes twice shares the list: the colon of `key"":`, a word behind `[""`, `=""`, `:""` or a blank and `""`.
    pub const HASH: usize = 17;
    /// End of a run of at least fifteen letters, digits and `+` that are not all hexadecimal (first byte behind).
    pub const TOKEN: usize = 18;
    /// `)` behind six digits and one more sign and bracket (bracket).
    pub const BRACKET: usize = 19;
    /// A number of four digits or more behind a word or colon (fourth digit), or one that a blank and a word follow (first
    /// letter).
    pub const PASSCODE: usize = 20;
    /// `--`, a closing bracket, or a dash behind what no bare value holds, before a word (first letter); `-----` (last); a quote at most
    /// one sign behind an opening bracket (quote).
    pub const OPTION: usize = 21;
    /// What may end a named reference: `&lt;`, `&quot;` (semicolon).
    pub const NAMED: usize = 22;
    /// A word behind a quote or bracket that a blank and a word precede (also one in quotes), or behind a blank and a word that ends in `r`
    /// or `y` (first sign), also behind `) = '` and `::text = '`; `%` behind `word '`; the end of one to three signs in brackets.
    pub const FRAMED: usize = 23;
    /// Dot of a number of one to three digits behind four digits and what parts two numbers (dot).
    pub const DECIMALS: usize = 24;
}

/// Ascending positions. It keeps room behind its end, so that positions are written by the vector.
#[derive(Default)]
pub struct List {
    buf: Vec<u32>,
    len: usize,
}

/// Positions that are written at once.
const BATCH: usize = 16;

impl List {
    /// Room for sixteen positions behind the last one; [`List::add`] tells how many of them count.
    #[inline(always)]
    fn room(&mut self) -> &mut [u32; BATCH] {
        if self.buf.len() - self.len < BATCH {
            self.grow();
        }
        self.buf[self.len..].first_chunk_mut().expect("room was made")
    }

    #[inline(always)]
    fn add(&mut self, n: usize) {
        self.len += n;
    }

    #[cold]
    fn grow(&mut self) {
        self.buf.resize((2 * self.buf.len()).max(64 * BATCH), 0);
    }
}

impl std::ops::Deref for List {
    type Target = [u32];
    fn deref(&self) -> &[u32] {
        &self.buf[..self.len]
    }
}

/// Positions of events, by kind.
#[derive(Default)]
pub struct Events {
    lists: [List; KINDS],
}

impl Events {
    /// Positions of one kind.
    #[inline]
    pub fn of(&self, kind: usize) -> &[u32] {
        &self.lists[kind]
    }
    /// Exchanges the positions of one kind with another list.
    pub fn swap(&mut self, kind: usize, list: &mut List) {
        std::mem::swap(&mut self.lists[kind], list);
    }
    fn clear(&mut self) {
        self.lists.iter_mut().for_each(|l| l.len = 0);
    }
}

/// Bitmap of one class over the whole text.
#[derive(Default)]
pub struct Bitmap(Vec<u64>);

impl Bitmap {
    /// Length of the run of set bits that ends right before `end`, at most 64.
    #[inline]
    pub fn run_before(&self, end: usize) -> usize {
        // Word w+1 of the vector holds bytes 64*w.. (slot 0 is an empty word before the text).
        (!self.pair(end / 64, end % 64)).leading_zeros() as usize
    }

    /// The bits of the 64 bytes from `at` on, the first one lowest.
    #[inline]
    pub fn window(&self, at: usize) -> u64 {
        self.pair(at / 64 + 1, at % 64)
    }

    /// The 64 bits from bit `b` of word `w` on; none behind the text.
    #[inline(always)]
    fn pair(&self, w: usize, b: usize) -> u64 {
        let Some([low, high]) = self.0.get(w..).and_then(<[u64]>::first_chunk) else { return 0 };
        // Two shifts: one by 64 would overflow.
        low >> b | (high << (63 - b)) << 1
    }

    /// The first set bit at or behind `at`, or `end` when there is none before it.
    #[inline]
    pub fn next(&self, at: usize, end: usize) -> usize {
        let near = self.window(at);
        if near != 0 {
            return (at + near.trailing_zeros() as usize).min(end);
        }
        let mut w = (at + 64) / 64 + 1;
        let mut bits = self.0.get(w).copied().unwrap_or(0) & (u64::MAX << (at % 64));
        while bits == 0 {
            w += 1;
            match self.0.get(w) {
                Some(&b) if (w - 1) * 64 < end => bits = b,
                _ => return end,
            }
        }
        ((w - 1) * 64 + bits.trailing_zeros() as usize).min(end)
    }

    /// The last set bit of `from..to`.
    #[inline]
    pub fn last(&self, from: usize, to: usize) -> Option<usize> {
        let mut end = to;
        while end > from {
            let near = self.pair(end / 64, end % 64);
            if near != 0 {
                return Some(end - 1 - near.leading_zeros() as usize).filter(|&at| at >= from);
            }
            end = end.saturating_sub(64);
        }
        None
    }

    /// True when a bit of `from..to` is set.
    #[inline]
    pub fn any(&self, from: usize, to: usize) -> bool {
        from < to && self.next(from, to) < to
    }

    fn begin(&mut self) {
        self.0.clear();
        self.0.push(0);
    }

    /// Ends the text with empty words, so that every byte of it and the one behind have two words to be read from.
    fn end(&mut self) {
        self.0.extend_from_slice(&[0; 2]);
    }
}

/// Bitmaps over the last text.
#[derive(Default)]
pub struct Maps {
    /// Digits.
    pub digits: Bitmap,
    /// Hexadecimal digits.
    pub hex: Bitmap,
    /// Bytes that may stand in a key.
    pub keychars: Bitmap,
    /// Dots.
    pub dots: Bitmap,
    /// What may end a quoted value: quotes, backslashes, line feeds.
    pub stops: Bitmap,
    /// What no bare value holds.
    pub terms: Bitmap,
    /// Bytes of 0x80 and above.
    pub high: Bitmap,
    /// What may begin an escape: backslash, `%`, 0xEF.
    pub escapes: Bitmap,
    /// Blanks and tabs.
    pub spaces: Bitmap,
}

/// Finds events. One per worker: it owns the scratch space.
pub struct Scanner {
    kernel: Kernel,
    chunk: Box<Chunk>,
    /// Event positions of the last text.
    pub events: Events,
    /// Bitmaps of the last text.
    pub maps: Maps,
    /// How code that reads them may be built.
    pub bits: bits::Bits,
}

impl Scanner {
    /// A scanner that uses `kernel`, or the scalar one where the machine lacks it.
    pub fn new(kernel: Kernel) -> Scanner {
        let kernel = if kernel.available() { kernel } else { Kernel::Scalar };
        let chunk = Box::new(Chunk {
            class: [[0; ROW]; CLASSES],
            work: algebra::Work::default(),
            event: [[0; CHUNK_WORDS]; KINDS],
        });
        Scanner { kernel, chunk, events: Events::default(), maps: Maps::default(), bits: bits::Bits::detect() }
    }

    /// Scans a text of less than 4 GiB; results replace those of the text before.
    pub fn scan(&mut self, text: &[u8]) {
        self.events.clear();
        self.each_map(|map, _| map.begin());
        for row in &mut self.chunk.class {
            row[END - 1] = 0;
        }
        self.chunk.work.reset();
        for (i, part) in text.chunks(CHUNK).enumerate() {
            self.classify(part, i * CHUNK);
        }
        // An event that names the byte behind a run needs a word behind the text.
        if text.len().is_multiple_of(CHUNK) && !text.is_empty() {
            self.classify(b"\n", text.len());
            self.events.lists[kind::LINE].len -= 1;
        }
        self.each_map(|map, _| map.end());
    }

    /// Pairs each map with the row of the chunk that it grows by.
    fn each_map(&mut self, mut f: impl FnMut(&mut Bitmap, &Row)) {
        let (m, c, w) = (&mut self.maps, &self.chunk.class, &self.chunk.work);
        f(&mut m.digits, &c[class::DIGIT]);
        f(&mut m.hex, &c[class::HEX]);
        f(&mut m.keychars, &w.keychar);
        f(&mut m.dots, &c[class::DOT]);
        f(&mut m.stops, &w.stop);
        f(&mut m.terms, &c[class::TERM]);
        f(&mut m.high, &c[class::HIGH]);
        f(&mut m.escapes, &w.escape);
        f(&mut m.spaces, &c[class::SPACE]);
    }

    /// Classifies a chunk and lists its events.
    fn classify(&mut self, part: &[u8], base: usize) {
        let (chunk, lists) = (&mut *self.chunk, &mut self.events.lists);
        match self.kernel {
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::run(chunk, part, base, lists),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => avx2::run(chunk, part, base, lists),
            #[cfg(target_arch = "aarch64")]
            Kernel::Neon => neon::run(chunk, part, base, lists),
            _ => scalar::run(chunk, part, base, lists),
        }
        let words = part.len().div_ceil(64);
        self.each_map(|map, row| map.0.extend_from_slice(&row[FRONT..FRONT + words]));
    }
}

/// Event positions by kind.
type Lists = [List; KINDS];

/// Lists the events of a chunk that begins at `base`. Inlined into the kernels, so that it is built for their machines.
#[inline(always)]
fn flatten(chunk: &Chunk, words: usize, base: usize, lists: &mut Lists) {
    // One word more than the text has: it may hold the "first byte behind" of a run at the very end.
    let tiles = (words + 1).min(CHUNK_WORDS).div_ceil(8);
    for (list, masks) in lists.iter_mut().zip(&chunk.event) {
        // One loop over the words that hold something: one mispredicted end for each kind.
        let mut some = 0u64;
        for (g, tile) in masks.as_chunks::<8>().0[..tiles].iter().enumerate() {
            if tile.iter().fold(0, |a, m| a | m) != 0 {
                let held = tile.iter().enumerate().fold(0, |bits, (i, m)| bits | u64::from(*m != 0) << i);
                some |= held << (g * 8);
            }
        }
        while some != 0 {
            let w = some.trailing_zeros() as usize;
            positions(masks[w % CHUNK_WORDS], (base + w * 64) as u32, list);
            some &= some - 1;
        }
    }
}

/// Appends the positions of a word's bits. Four are written whatever their number, so that few words are told apart by a jump.
#[inline(always)]
fn positions(mut mask: u64, base: u32, list: &mut List) {
    const FEW: usize = 4;
    while mask != 0 {
        let n = (mask.count_ones() as usize).min(BATCH);
        let some = list.room();
        for slots in some.as_chunks_mut::<FEW>().0[..n.div_ceil(FEW)].iter_mut() {
            for slot in slots {
                *slot = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        }
        list.add(n);
    }
}

/// Begins a chunk: the last word of the chunk before moves in front of the first slot.
#[inline(always)]
pub(super) fn roll(chunk: &mut Chunk) {
    for row in &mut chunk.class {
        row[FRONT - 1] = row[END - 1];
    }
}

/// Gives the slots from `from` on the class of nothing.
#[inline(always)]
pub(super) fn pad(chunk: &mut Chunk, from: usize) {
    for row in &mut chunk.class {
        row[from..].fill(0);
    }
}

/// Fills the class rows of a chunk, word by word, then pads the rest.
#[inline(always)]
pub(super) fn fill(chunk: &mut Chunk, part: &[u8], word: impl Fn(&[u8; 64]) -> Masks) {
    roll(chunk);
    let mut w = FRONT;
    let (whole, rest) = part.as_chunks::<64>();
    for bytes in whole {
        let m = word(bytes);
        for (row, bits) in chunk.class.iter_mut().zip(m) {
            row[w] = bits;
        }
        w += 1;
    }
    if !rest.is_empty() {
        let mut last = [0u8; 64];
        last[..rest.len()].copy_from_slice(rest);
        let m = word(&last);
        for (row, bits) in chunk.class.iter_mut().zip(m) {
            row[w] = bits;
        }
        w += 1;
    }
    pad(chunk, w);
}

#[cfg(test)]
mod tests;
