//! A street and the number of a house, as the post of many countries reads them: `1600 Pennsylvania Ave NW, Washington`,
//! `12 Rue de Rivoli`, `Hauptstrasse 5, 10115 Berlin`.

/// Words that make a name one of a street.
const KINDS: &[&str] = &[
    "street",
    "st",
    "avenue",
    "ave",
    "av",
    "road",
    "rd",
    "boulevard",
    "blvd",
    "lane",
    "ln",
    "drive",
    "dr",
    "way",
    "court",
    "ct",
    "square",
    "sq",
    "plaza",
    "terrace",
    "crescent",
    "parkway",
    "pkwy",
    "highway",
    "hwy",
    "close",
    "circle",
    "rue",
    "chemin",
    "quai",
    "via",
    "viale",
    "piazza",
    "calle",
    "avenida",
    "avda",
    "paseo",
    "rua",
    "travessa",
    "ulica",
    "ul",
    "platz",
    "weg",
    "allee",
];

/// Ends of names of streets in one word.
const ENDS: &[&str] =
    &["strasse", "str", "platz", "weg", "allee", "gasse", "straat", "laan", "gatan", "gata", "vej", "veien"];

/// Most words that are looked at.
const WORDS: usize = 16;

/// True when a word names a kind of street, and another one is a number. Forms write a blank as a plus sign.
pub fn is(v: &[u8]) -> bool {
    let words = || v.split(|b| matches!(b, b' ' | b'+' | b',' | b'.')).filter(|w| !w.is_empty()).take(WORDS);
    let names = words().filter(|w| w.len() > 1 && w.iter().all(u8::is_ascii_alphabetic)).count();
    words().any(is_number) && (names > 1 && words().any(is_kind) || words().any(ends_in_kind))
}

/// `5`, `221B`, `12-14`.
fn is_number(w: &[u8]) -> bool {
    let digits = w.iter().take_while(|b| b.is_ascii_digit()).count();
    let rest = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/');
    (1..=6).contains(&digits) && w.len() <= 8 && w[digits..].iter().all(rest)
}

fn is_kind(w: &[u8]) -> bool {
    KINDS.iter().any(|k| w.eq_ignore_ascii_case(k.as_bytes()))
}

fn ends_in_kind(w: &[u8]) -> bool {
    let ends = |k: &&str| w.len() > k.len() + 2 && w[w.len() - k.len()..].eq_ignore_ascii_case(k.as_bytes());
    w.iter().all(u8::is_ascii_alphabetic) && ENDS.iter().any(ends)
}

#[cfg(test)]
mod tests {
    #[test]
    fn streets_have_a_kind_and_a_number() {
        for v in [
            "1600 Pennsylvania Ave NW, Washington, DC 20500",
            "12 Rue de Rivoli, 75001 Paris",
            "12+Rue+de+Rivoli",
            "Hauptstrasse 5, 10115 Berlin",
            "221B Baker Street",
            "Calle Mayor 12",
            "5 Main St.",
        ] {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        for v in ["192.0.2.7", "0x7fff5fbff8a0", "localhost 80", "main st", "St 5", "on the way", "", "10 of 20"] {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
