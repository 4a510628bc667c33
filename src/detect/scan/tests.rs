//! Every kernel against the scalar one, and the scalar one against plain loops.

use super::*;
use proptest::prelude::*;

fn lists(kernel: Kernel, text: &[u8]) -> Vec<Vec<u32>> {
    let mut s = Scanner::new(kernel);
    s.scan(b"stale 13800138000 1.2.3.4 :::: text from the block before");
    s.scan(text);
    (0..KINDS).map(|k| s.events.of(k).to_vec()).collect()
}

/// Bytes that make events likely.
fn dense() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        6 => prop::sample::select(b"0123456789".to_vec()),
        3 => prop::sample::select(b"abcdefABCDEFxyrJ".to_vec()),
        4 => prop::sample::select(b".:-\"'=>@%\\ +()[]_$#&;\n".to_vec()),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..9000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn kernels_agree(text in dense()) {
        let want = lists(Kernel::Scalar, &text);
        for k in [Kernel::Avx512, Kernel::Avx2, Kernel::Neon] {
            if k.available() {
                prop_assert_eq!(&lists(k, &text), &want);
            }
        }
    }

    #[test]
    fn digit_runs_as_a_loop_finds_them(text in dense()) {
        let got = lists(Kernel::Scalar, &text);
        let mut want = Vec::new();
        let mut run = 0;
        for (i, b) in text.iter().chain(b"\n").enumerate() {
            if b.is_ascii_digit() {
                run += 1;
            } else {
                if run >= 11 {
                    want.push(i as u32);
                }
                run = 0;
            }
        }
        prop_assert_eq!(&got[kind::DIGITS], &want);
    }

    #[test]
    fn tokens_and_high_runs_as_a_loop_finds_them(text in dense()) {
        let got = lists(Kernel::Scalar, &text);
        let at = |i: usize| text.get(i).copied().unwrap_or(b'\n');
        let sign = |b: u8| b.is_ascii_alphanumeric() || b == b'+';
        let token: Vec<u32> = (15..=text.len())
            .filter(|&i| !sign(at(i)) && text[i - 15..i].iter().all(|&b| sign(b)))
            .filter(|&i| !text[i - 15..i].iter().all(u8::is_ascii_hexdigit))
            .map(|i| i as u32)
            .collect();
        prop_assert_eq!(&got[kind::TOKEN], &token);
        let high: Vec<u32> =
            (0..text.len()).filter(|&i| at(i) >= 0x80 && (i == 0 || at(i - 1) < 0x80)).map(|i| i as u32).collect();
        prop_assert_eq!(&got[kind::HIGH], &high);
        let bracket: Vec<u32> = (8..text.len())
            .filter(|&i| at(i) == b')' && text[i - 8..i - 2].iter().all(u8::is_ascii_digit))
            .map(|i| i as u32)
            .collect();
        prop_assert_eq!(&got[kind::BRACKET], &bracket);
    }

    #[test]
    fn sentences_as_a_loop_finds_them(text in dense()) {
        let got = lists(Kernel::Scalar, &text);
        // The byte `n` before `i`; nothing in front of the text.
        let at = |i: usize, n: usize| i.checked_sub(n).map(|i| text[i]);
        let is = |i, n, of: &[u8]| at(i, n).is_some_and(|b| of.contains(&b));
        let word = |i, n| at(i, n).is_some_and(|b: u8| b.is_ascii_alphanumeric() || b >= 0x80);
        let letter = |i, n| word(i, n) && !at(i, n).is_some_and(|b| b.is_ascii_digit());
        let four = |i, n| (n..n + 4).all(|n| at(i, n).is_some_and(|b| b.is_ascii_digit()));
        let wants = |event: &dyn Fn(usize) -> bool| (0..text.len()).filter(|&i| event(i)).map(|i| i as u32).collect::<Vec<_>>();
        let passcode = |i| {
            let behind = is(i, 4, b" \t+") && (letter(i, 5) || is(i, 5, b":") && (word(i, 6) || is(i, 6, b")")));
            four(i, 0) && (behind || is(i, 4, b":") && letter(i, 5)) || letter(i, 0) && is(i, 1, b" \t+") && four(i, 2)
        };
        prop_assert_eq!(&got[kind::PASSCODE], &wants(&passcode));
        let dashes = |i, from, n: usize| (from..from + n).all(|k| is(i, k, b"-")) && !is(i, from + n, b"-");
        let term = |i, n| at(i, n).is_some_and(|b| b <= b' ' || b"\"'&;,)]}<>|".contains(&b));
        let option = |i| {
            let closed = is(i, 1, b")") || is(i, 1, b" \t") && is(i, 2, b")");
            let one = is(i, 1, b"-") && term(i, 2);
            let opened = is(i, 0, b"\"'") && (is(i, 1, b"[(`") || is(i, 2, b"[(`"));
            letter(i, 0) && (closed || one || dashes(i, 1, 2)) || dashes(i, 0, 5) || opened
        };
        prop_assert_eq!(&got[kind::OPTION], &wants(&option));
        let named = |i| is(i, 0, b"&;") && (3..6).any(|n| is(i, n, b"&;"));
        prop_assert_eq!(&got[kind::NAMED], &wants(&named));
        let keychar = |i, n| word(i, n) || is(i, n, b"_$-.");
        let hash = |i| {
            let two = |n| is(i, n, b"\"'") && is(i, n + 1, b"\"'");
            let keyed = two(1) && keychar(i, 3) || is(i, 1, b" \t") && two(2) && keychar(i, 4);
            let begins = keychar(i, 0) || is(i, 0, b"#@%");
            is(i, 0, b"#") || is(i, 0, b":") && keyed || begins && two(1) && is(i, 3, b"[](`=>: \t")
        };
        prop_assert_eq!(&got[kind::HASH], &wants(&hash));
        let digit = |i, n| at(i, n).is_some_and(|b| b.is_ascii_digit());
        let parts = |i, n| {
            let one = term(i, n) && four(i, n + 1);
            let two = is(i, n, b" \t-+") && term(i, n + 1) && four(i, n + 2);
            one || two || is(i, n, b"-") && is(i, n + 1, b" \t") && term(i, n + 2) && four(i, n + 3)
        };
        let decimals = |i| is(i, 0, b".") && (1..4).any(|n| (1..=n).all(|k| digit(i, k)) && parts(i, n + 1));
        prop_assert_eq!(&got[kind::DECIMALS], &wants(&decimals));
        let opens = |i, n| {
            let space = is(i, n, b" \t");
            !space && (at(i, n).is_some_and(|b| b <= b' ') || is(i, n, b"\"'&;,)]}<>|[(`"))
        };
        let framed = |i| {
            let quoted = is(i, 1, b"\"'") && is(i, 3, b"\"'") && word(i, 4);
            let once = opens(i, 1) && is(i, 2, b" \t") && (letter(i, 3) || quoted);
            let twice = is(i, 1, b"\"'") && is(i, 2, b"\"'") && is(i, 3, b" \t") && letter(i, 4);
            let short = is(i, 0, b"[]()`") && (2..5).any(|n| is(i, n, b"[](`")) && !at(i, 1).is_some_and(|b| b.is_ascii_digit());
            let typed = is(i, 5, b")") || is(i, 9, b":") && is(i, 10, b":");
            let spaced = is(i, 2, b" \t") && is(i, 3, b"=>") && is(i, 4, b" \t") && typed;
            let compared = is(i, 1, b"\"'") && (spaced || is(i, 2, b"=>") && is(i, 3, b")"));
            let wild = is(i, 0, b"%") && once && is(i, 1, b"\"'");
            word(i, 0) && (once || twice || compared || is(i, 1, b" \t") && is(i, 2, b"yr")) || wild || short
        };
        prop_assert_eq!(&got[kind::FRAMED], &wants(&framed));
    }

    #[test]
    fn bits_are_found_from_both_sides(at in prop::collection::vec(0..700usize, 0..6), len in 1..700usize, cut in (0..700usize, 0..700usize)) {
        let mut text = vec![b'x'; len];
        at.iter().filter(|&&i| i < len).for_each(|&i| text[i] = b'.');
        let (from, to) = (cut.0.min(len), cut.1.min(len));
        let mut s = Scanner::new(Kernel::Scalar);
        s.scan(&text);
        let dot = |i: &usize| text[*i] == b'.';
        prop_assert_eq!(s.maps.dots.last(from, to), (from..to).rev().find(dot));
        if from <= to {
            prop_assert_eq!(s.maps.dots.next(from, to), (from..to).find(dot).unwrap_or(to));
        }
    }

    #[test]
    fn percent_and_dots_as_a_loop_finds_them(text in prop_oneof![dense(), prop::collection::vec(prop::sample::select(b"0a.".to_vec()), 0..400)]) {
        let got = lists(Kernel::Scalar, &text);
        let percent: Vec<u32> = (2..text.len())
            .filter(|&i| text[i - 2] == b'%' && text[i - 1].is_ascii_hexdigit() && text[i].is_ascii_hexdigit())
            .map(|i| i as u32)
            .collect();
        prop_assert_eq!(&got[kind::PERCENT], &percent);
        let forms = ["(?-u)^[0-9]\\.[0-9]{1,3}\\.[0-9]{1,3}\\.$", "(?-u)^(?:[0-9A-Fa-f]\\.){5}$"].map(|r| regex::bytes::Regex::new(r).unwrap());
        let dots: Vec<u32> = (0..text.len())
            .filter(|&i| text[i] == b'.' && (0..=i.min(9)).any(|n| forms.iter().any(|f| f.is_match(&text[i - n..=i]))))
            .map(|i| i as u32)
            .collect();
        prop_assert_eq!(&got[kind::DOTS], &dots);
    }
}

#[test]
fn runs_are_measured_across_words() {
    let mut s = Scanner::new(Kernel::detect());
    let mut text = vec![b' '; 60];
    text.extend_from_slice(b"abc_12345=");
    s.scan(&text);
    assert_eq!(s.maps.keychars.run_before(69), 9);
    assert_eq!(s.maps.digits.run_before(69), 5);
    assert_eq!(s.events.of(kind::KEY), &[69]);
}
