//! Events from class masks: shifts and ands over whole rows, which the compiler turns into vector code.
//!
//! The slot before the first of a row is the last word of the chunk before, so that a pattern may begin there. Everything an event
//! depends on lies at or before its position, never behind it.

use super::{CHUNK_WORDS, CLASSES, Chunk, END, FRONT, KINDS, ROW, Row, class, kind};

macro_rules! rows {
    ($($(#[$m:meta])* $name:ident),* $(,)?) => {
        /// Intermediate masks; each keeps its last word for the next chunk.
        pub struct Work { $($(#[$m])* pub $name: Row),* }
        impl Default for Work {
            fn default() -> Self { Work { $($name: [0; ROW]),* } }
        }
        impl Work {
            /// Forgets the chunk before.
            pub fn reset(&mut self) { $(self.$name[END - 1] = 0;)* }
            #[inline(always)]
            fn roll(&mut self) { $(self.$name[FRONT - 1] = self.$name[END - 1];)* }
        }
    };
}

rows! {
    /// Bytes that may stand in a key.
    keychar,
    /// A byte that may end a quoted value, or begin an escape.
    stop, escape,
    /// A run of n digits ends here.
    d2, d3, d4, d6, d7, d8, d11, d14,
    /// A run of n hex digits ends here.
    h2, h3, h4, h8, h14, h15,
    /// Letters and digits of ASCII, and `+`; a run of n of them ends here.
    a1, a2, a4, a8, a15,
    /// A separator inside a grouped number.
    sep,
    /// Second dot, dash, colon, third colon of a chain.
    dot1, dot2, dash1, dash2, colon2, colon3,
    /// A dot behind a hex digit; the third one of those that stand two apart.
    nibble, nibble3,
    /// What opens a quoted or bracketed word.
    opener,
    /// A second number may begin behind this.
    parting,
    /// What parts octets: a dash or an underscore.
    mark,
}

/// Bits of `row` at word `i`, moved `n` positions towards the end of the text.
macro_rules! sh {
    ($row:expr, $i:expr, $n:literal) => {
        ($row[$i] << $n) | ($row[$i - 1] >> (64 - $n))
    };
}

/// Computes every event mask of the chunk.
#[inline(always)]
pub fn run(chunk: &mut Chunk) {
    let Chunk { class: c, work: w, event } = chunk;
    w.roll();
    runs(c, w);
    chains(c, w);
    #[allow(clippy::needless_range_loop)]
    for i in FRONT..END {
        w.keychar[i] = c[class::WORD][i] | c[class::KEYMARK][i] | c[class::DASH][i] | c[class::DOT][i];
        w.sep[i] = c[class::SPACE][i] | c[class::DASH][i] | c[class::PLUS][i];
        w.mark[i] = c[class::KEYMARK][i] | c[class::DASH][i];
        w.opener[i] = c[class::QUOTE][i] | c[class::FRAME][i] | (c[class::TERM][i] & !c[class::SPACE][i]);
        w.stop[i] = c[class::QUOTE][i] | c[class::BSL][i] | c[class::LINE][i];
        w.escape[i] = c[class::PCT][i] | c[class::BSL][i] | c[class::EF][i];
    }
    partings(c, w);
    // What the events are made of is complete: one loop, as most of them read the same rows.
    for i in FRONT..END {
        numbers(c, w, event, i);
        words(c, w, event, i);
        sentences(c, w, event, i);
        decimals(c, w, event, i);
        frames(c, w, event, i);
        doubled(c, w, event, i);
        addresses(c, w, event, i);
    }
}

#[inline(always)]
fn runs(c: &[Row; CLASSES], w: &mut Work) {
    let (d, h) = (&c[class::DIGIT], &c[class::HEX]);
    for i in FRONT..END {
        w.d2[i] = d[i] & sh!(d, i, 1);
        w.h2[i] = h[i] & sh!(h, i, 1);
    }
    for i in FRONT..END {
        w.d3[i] = w.d2[i] & sh!(d, i, 2);
        w.d4[i] = w.d2[i] & sh!(w.d2, i, 2);
        w.h3[i] = w.h2[i] & sh!(h, i, 2);
        w.h4[i] = w.h2[i] & sh!(w.h2, i, 2);
    }
    for i in FRONT..END {
        w.d6[i] = w.d4[i] & sh!(w.d2, i, 4);
        w.d7[i] = w.d4[i] & sh!(w.d3, i, 4);
        w.d8[i] = w.d4[i] & sh!(w.d4, i, 4);
        w.h8[i] = w.h4[i] & sh!(w.h4, i, 4);
    }
    for i in FRONT..END {
        w.d11[i] = w.d8[i] & sh!(w.d8, i, 3);
        w.d14[i] = w.d8[i] & sh!(w.d8, i, 6);
        w.h14[i] = w.h8[i] & sh!(w.h8, i, 6);
        w.h15[i] = w.h8[i] & sh!(w.h8, i, 7);
    }
    #[allow(clippy::needless_range_loop)]
    for i in FRONT..END {
        w.a1[i] = c[class::WORD][i] & !c[class::HIGH][i] | c[class::PLUS][i];
        w.a2[i] = w.a1[i] & sh!(w.a1, i, 1);
    }
    for i in FRONT..END {
        w.a4[i] = w.a2[i] & sh!(w.a2, i, 2);
    }
    for i in FRONT..END {
        w.a8[i] = w.a4[i] & sh!(w.a4, i, 4);
    }
    for i in FRONT..END {
        w.a15[i] = w.a8[i] & sh!(w.a8, i, 7);
    }
}

/// Next link of a chain of marks that stand 2 to 4 apart with digits between.
macro_rules! link {
    ($mark:expr, $before:expr, $d:expr, $w:expr, $i:expr) => {
        $mark[$i]
            & ((sh!($before, $i, 2) & sh!($d, $i, 1))
                | (sh!($before, $i, 3) & sh!($w.d2, $i, 1))
                | (sh!($before, $i, 4) & sh!($w.d3, $i, 1)))
    };
}

/// Next link of a chain of colons with zero to four hex digits between.
macro_rules! hexlink {
    ($mark:expr, $before:expr, $h:expr, $w:expr, $i:expr) => {
        $mark[$i]
            & (sh!($before, $i, 1)
                | (sh!($before, $i, 2) & sh!($h, $i, 1))
                | (sh!($before, $i, 3) & sh!($w.h2, $i, 1))
                | (sh!($before, $i, 4) & sh!($w.h3, $i, 1))
                | (sh!($before, $i, 5) & sh!($w.h4, $i, 1)))
    };
}

#[inline(always)]
fn chains(c: &[Row; CLASSES], w: &mut Work) {
    let (d, h) = (&c[class::DIGIT], &c[class::HEX]);
    let (dot, dash, colon) = (&c[class::DOT], &c[class::DASH], &c[class::COLON]);
    for i in FRONT..END {
        w.dot1[i] = dot[i] & sh!(d, i, 1);
        w.dash1[i] = dash[i] & sh!(d, i, 1);
        w.nibble[i] = dot[i] & sh!(h, i, 1);
        w.colon2[i] = hexlink!(colon, colon, h, w, i);
    }
    for i in FRONT..END {
        w.dot2[i] = link!(dot, w.dot1, d, w, i);
        w.dash2[i] = link!(dash, w.dash1, d, w, i);
        w.colon3[i] = hexlink!(colon, w.colon2, h, w, i);
        w.nibble3[i] = w.nibble[i] & sh!(w.nibble, i, 2) & sh!(w.nibble, i, 4);
    }
}

type EventRows = [[u64; CHUNK_WORDS]; KINDS];

#[inline(always)]
fn numbers(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, h) = (&c[class::DIGIT], &c[class::HEX]);
    event[kind::DIGITS][i - FRONT] = !d[i] & sh!(w.d11, i, 1);
    event[kind::HEXRUN][i - FRONT] = !h[i] & sh!(w.h14, i, 1) & !(sh!(w.d14, i, 1));
    // 3 4 4, 7 4, 6 6 and 8 digits after a separator (6 8), 7 digits after 3 or more and a separator or bracket.
    let four = w.d4[i] & sh!(w.sep, i, 4);
    let three_four = sh!(w.d4, i, 5) & sh!(w.sep, i, 9) & sh!(w.d3, i, 10);
    let seven_four = sh!(w.d7, i, 5);
    let six = w.d6[i] & sh!(w.sep, i, 6) & sh!(w.d6, i, 7);
    let paren = &c[class::PAREN];
    let seven = w.d7[i] & ((sh!(w.sep, i, 7) & sh!(w.d3, i, 8)) | (sh!(paren, i, 7) & sh!(w.d2, i, 8)));
    // `NO93 8601` and `ABNA 0417 1643`, as account numbers are printed.
    let word = &c[class::WORD];
    let print = (sh!(w.d2, i, 5) & sh!(word, i, 7) & !(sh!(d, i, 7)))
        | (sh!(w.d4, i, 5) & sh!(w.sep, i, 9) & sh!(word, i, 10) & !(sh!(d, i, 10)));
    // Three, three and four digits with dashes, dots or brackets.
    let (dot, dash, space, plus) = (&c[class::DOT], &c[class::DASH], &c[class::SPACE], &c[class::PLUS]);
    let office = w.d4[i] & (sh!(dot, i, 4) | sh!(dash, i, 4)) & sh!(w.d3, i, 5);
    let area = (sh!(dot, i, 8) | sh!(dash, i, 8) | sh!(paren, i, 8)) & sh!(w.d3, i, 9);
    let bracket = (sh!(space, i, 8) | sh!(plus, i, 8)) & sh!(paren, i, 9) & sh!(w.d3, i, 10);
    // `219-09-9999`, and the end of `529.982.247-25`.
    let ssn = w.d4[i] & sh!(dash, i, 4) & sh!(w.d2, i, 5) & sh!(dash, i, 7) & sh!(w.d3, i, 8);
    let cpf = w.d2[i] & sh!(dash, i, 2) & sh!(w.d3, i, 3) & sh!(dot, i, 6) & sh!(w.d3, i, 7);
    event[kind::GROUPS][i - FRONT] =
        (four & (three_four | seven_four | print)) | six | seven | (office & (area | bracket)) | ssn | cpf;
    event[kind::PLUS][i - FRONT] = d[i] & sh!(plus, i, 1);
}

#[inline(always)]
fn words(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, colon, eq) = (&c[class::DIGIT], &c[class::COLON], &c[class::EQ]);
    let (quote, space, k) = (&c[class::QUOTE], &c[class::SPACE], &w.keychar);
    let word_before = sh!(k, i, 1) & !(sh!(d, i, 1));
    // Brackets end keys of forms: `user[phone]=`.
    let frame = &c[class::FRAME];
    let quoted = sh!(quote, i, 1) & (sh!(k, i, 2) | sh!(frame, i, 2));
    let spaced = sh!(space, i, 1);
    let spaced_quote = spaced & sh!(quote, i, 2);
    // The quotes stand in `"key"=>"value"`.
    let ends = sh!(k, i, 1) | sh!(frame, i, 1) | (spaced & (sh!(k, i, 2) | sh!(frame, i, 2)));
    // Columns of settings are set with blanks; `Key (phone)=(...)`.
    let column = spaced & sh!(space, i, 2);
    let eqs = eq[i] & (ends | quoted | spaced_quote | column | sh!(c[class::PAREN], i, 1));
    // The colon behind an octet (`:2a:`) ends no key.
    let octet = sh!(w.h2, i, 1) & sh!(colon, i, 3);
    let spaced_word = spaced & sh!(k, i, 2) & !(sh!(d, i, 2));
    let colons = colon[i] & (quoted | (word_before & !octet) | spaced_quote | spaced_word | column);
    event[kind::KEY][i - FRONT] = eqs | colons;
    let (pct, word, at) = (&c[class::PCT], &c[class::WORD], &c[class::AT]);
    event[kind::PERCENT][i - FRONT] = w.h2[i] & sh!(pct, i, 2);
    event[kind::BACKSLASH][i - FRONT] = c[class::BSL][i];
    event[kind::LINE][i - FRONT] = c[class::LINE][i];
    event[kind::AT][i - FRONT] = at[i] & (sh!(word, i, 1) | sh!(k, i, 1) | sh!(quote, i, 1));
    let high = &c[class::HIGH];
    event[kind::HIGH][i - FRONT] = high[i] & !(sh!(high, i, 1));
    let mark = &c[class::REF];
    event[kind::NAMED][i - FRONT] = mark[i] & (sh!(mark, i, 3) | sh!(mark, i, 4) | sh!(mark, i, 5));
    event[kind::TOKEN][i - FRONT] = !w.a1[i] & sh!(w.a15, i, 1) & !(sh!(w.h15, i, 1));
    event[kind::BRACKET][i - FRONT] = c[class::PAREN][i] & sh!(w.d6, i, 3);
    let (y, j) = (&c[class::Y_R], &c[class::UPPER_J]);
    event[kind::JWT][i - FRONT] = j[i] & sh!(y, i, 1);
}

/// Numbers behind and before words, words behind dashes, and strings behind brackets.
#[inline(always)]
fn sentences(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, word, dash) = (&c[class::DIGIT], &c[class::WORD], &c[class::DASH]);
    let (space, plus, colon, paren) = (&c[class::SPACE], &c[class::PLUS], &c[class::COLON], &c[class::PAREN]);
    let (quote, frame, term) = (&c[class::QUOTE], &c[class::FRAME], &c[class::TERM]);
    let letter = word[i] & !d[i];
    // What stands right before a number that ends its first four digits here. Forms write a blank as a plus sign.
    let blank = sh!(space, i, 4) | sh!(plus, i, 4);
    let worded = sh!(word, i, 5) & !(sh!(d, i, 5));
    let named = sh!(colon, i, 5) & (sh!(word, i, 6) | sh!(paren, i, 6));
    let behind = w.d4[i] & ((blank & (worded | named)) | (sh!(colon, i, 4) & worded));
    let before = letter & (sh!(space, i, 1) | sh!(plus, i, 1)) & sh!(w.d4, i, 2);
    event[kind::PASSCODE][i - FRONT] = behind | before;
    let letter = word[i] & !d[i];
    let two = sh!(dash, i, 1) & sh!(dash, i, 2);
    let four = two & sh!(dash, i, 3) & sh!(dash, i, 4);
    let closed = sh!(paren, i, 1) | (sh!(space, i, 1) & sh!(paren, i, 2));
    // Of brackets only those that open are no end of a value.
    let opened = (sh!(frame, i, 1) & !(sh!(term, i, 1))) | (sh!(frame, i, 2) & !(sh!(term, i, 2)));
    let one = sh!(dash, i, 1) & sh!(term, i, 2);
    let options = (letter & (closed | one | (two & !(sh!(dash, i, 3))))) | (dash[i] & four & !(sh!(dash, i, 5)));
    event[kind::OPTION][i - FRONT] = options | (quote[i] & opened);
}

/// What parts two numbers when the first has four decimals: a comma or blank, a blank and a sign behind it.
#[inline(always)]
fn partings(c: &[Row; CLASSES], w: &mut Work) {
    let (term, space, dash, plus) = (&c[class::TERM], &c[class::SPACE], &c[class::DASH], &c[class::PLUS]);
    for i in FRONT..END {
        let one = term[i] & sh!(w.d4, i, 1);
        let two = (space[i] | dash[i] | plus[i]) & sh!(term, i, 1) & sh!(w.d4, i, 2);
        let three = dash[i] & sh!(space, i, 1) & sh!(term, i, 2) & sh!(w.d4, i, 3);
        w.parting[i] = one | two | three;
    }
}

/// The dot of the second of two decimals.
#[inline(always)]
fn decimals(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, dot) = (&c[class::DIGIT], &c[class::DOT]);
    event[kind::DECIMALS][i - FRONT] = dot[i]
        & ((sh!(w.parting, i, 2) & sh!(d, i, 1))
            | (sh!(w.parting, i, 3) & sh!(w.d2, i, 1))
            | (sh!(w.parting, i, 4) & sh!(w.d3, i, 1)));
}

/// Words in quotes and brackets behind a word, and short words in brackets.
#[inline(always)]
fn frames(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, word, space, quote) = (&c[class::DIGIT], &c[class::WORD], &c[class::SPACE], &c[class::QUOTE]);
    let (frame, paren) = (&c[class::FRAME], &c[class::PAREN]);
    // `"AUTH" "...`: the word before may have quotes, too.
    let before = (sh!(word, i, 3) & !(sh!(d, i, 3))) | (sh!(quote, i, 3) & sh!(word, i, 4) & sh!(quote, i, 1));
    let once = sh!(w.opener, i, 1) & sh!(space, i, 2) & before;
    // CSV writes a quote twice.
    let twice = sh!(quote, i, 1) & sh!(quote, i, 2) & sh!(space, i, 3) & sh!(word, i, 4) & !(sh!(d, i, 4));
    let bare = sh!(space, i, 1) & sh!(c[class::Y_R], i, 2);
    let opened = sh!(frame, i, 2) | sh!(frame, i, 3) | sh!(frame, i, 4);
    let short = (frame[i] | paren[i]) & opened & !(sh!(d, i, 1));
    // `lower(x) = '...`, `(x)::text = '...`, and the wildcard of `LIKE '%...`.
    let (eq, colon) = (&c[class::EQ], &c[class::COLON]);
    let typed = sh!(paren, i, 5) | (sh!(colon, i, 9) & sh!(colon, i, 10));
    let spaced = sh!(space, i, 2) & sh!(eq, i, 3) & sh!(space, i, 4) & typed;
    let compared = sh!(quote, i, 1) & (spaced | (sh!(eq, i, 2) & sh!(paren, i, 3)));
    let begins = (word[i] & (once | twice | bare | compared)) | (c[class::PCT][i] & once & sh!(quote, i, 1));
    event[kind::FRAMED][i - FRONT] = begins | short;
}

/// Hashes, and quotes written twice behind a key or before a word.
#[inline(always)]
fn doubled(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (quote, colon, space, k) = (&c[class::QUOTE], &c[class::COLON], &c[class::SPACE], &w.keychar);
    let (frame, eq, hash) = (&c[class::FRAME], &c[class::EQ], &c[class::HASH]);
    let two = sh!(quote, i, 1) & sh!(quote, i, 2);
    let spaced = sh!(space, i, 1) & sh!(quote, i, 2) & sh!(quote, i, 3) & sh!(k, i, 4);
    let keys = colon[i] & ((two & sh!(k, i, 3)) | spaced);
    let begins = k[i] | hash[i] | c[class::AT][i] | c[class::PCT][i];
    let opens = sh!(frame, i, 3) | sh!(eq, i, 3) | sh!(space, i, 3) | sh!(colon, i, 3);
    event[kind::HASH][i - FRONT] = hash[i] | keys | (begins & two & opens);
}

#[inline(always)]
fn addresses(c: &[Row; CLASSES], w: &Work, event: &mut EventRows, i: usize) {
    let (d, h) = (&c[class::DIGIT], &c[class::HEX]);
    let (dot, dash, colon) = (&c[class::DOT], &c[class::DASH], &c[class::COLON]);
    event[kind::DOTS][i - FRONT] = link!(dot, w.dot2, d, w, i) | (w.nibble3[i] & sh!(w.nibble3, i, 4));
    event[kind::COLONS][i - FRONT] = hexlink!(colon, w.colon3, h, w, i) | (colon[i] & sh!(colon, i, 1));
    event[kind::WIDE][i - FRONT] = c[class::EF][i] | link!(dash, w.dash2, d, w, i);
    event[kind::UUID][i - FRONT] = dash[i] & sh!(dash, i, 5) & sh!(dash, i, 10) & sh!(dash, i, 15) & sh!(w.h4, i, 1);
    event[kind::MAC_DASH][i - FRONT] =
        w.mark[i] & sh!(w.mark, i, 3) & sh!(w.mark, i, 6) & sh!(w.mark, i, 9) & sh!(w.mark, i, 12) & sh!(w.h2, i, 1);
    // Of the dashes of a UUID the second one, too.
    let dashes = dash[i] & sh!(dash, i, 5) & !(sh!(dash, i, 10));
    event[kind::MAC_DOT][i - FRONT] = ((dot[i] & sh!(dot, i, 5)) | dashes) & sh!(w.h4, i, 1);
}
