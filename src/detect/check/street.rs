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
    "cross",
    "plot",
    "marg",
    "jalan",
    "jl",
    "cad",
    "caddesi",
    "sok",
    "sokak",
    "ulice",
    "logradouro",
    "largo",
    "corso",
];

/// Ends of names of streets in one word.
const ENDS: &[&str] = &[
    "strasse", "str", "platz", "weg", "allee", "gasse", "straat", "laan", "gracht", "kade", "plein", "dijk", "singel",
    "gatan", "gata", "vej", "veien",
];

/// Most words that are looked at.
const WORDS: usize = 16;

/// True when a word names a kind of street, and another one is a number. Forms write a blank as a plus sign.
pub fn is(v: &[u8]) -> bool {
    let words = || v.split(|b| matches!(b, b' ' | b'+' | b',' | b'.' | b'#')).filter(|w| !w.is_empty()).take(WORDS);
    let names = words().filter(|w| w.len() > 1 && w.iter().all(u8::is_ascii_alphabetic)).count();
    words().any(is_number) && (is_box(v) || names > 1 && words().any(is_kind) || words().any(ends_in_kind))
}

/// `PO Box 123`
fn is_box(v: &[u8]) -> bool {
    const FRONTS: [&str; 6] = ["po box ", "p.o. box ", "p.o.box ", "p o box ", "postfach ", "postbus "];
    FRONTS.iter().any(|f| v.get(..f.len()).is_some_and(|w| w.eq_ignore_ascii_case(f.as_bytes())))
}

/// The place at the front of `v`, which stands in no quotes: words with capitals, numbers and the small words of names, in parts with
/// commas between. What follows in small letters, another key or another sign ends it. 0 when no street is among its words.
pub fn len(v: &[u8]) -> usize {
    const SMALL: &[&str] = &[
        "de", "la", "le", "les", "des", "du", "der", "den", "da", "do", "dos", "van", "von", "del", "st", "rd", "ave",
    ];
    let (mut end, mut i) = (0, 0);
    for _ in 0..WORDS {
        let n = v[i..]
            .iter()
            .take(40)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'/' | b'#' | b'\'') || **b >= 0x80)
            .count();
        let w = &v[i..i + n];
        let named = w.iter().any(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
            && (!w[0].is_ascii_lowercase() || SMALL.iter().any(|s| s.as_bytes() == w));
        if !named || matches!(v.get(i + n), Some(b':' | b'=')) {
            break;
        }
        end = i + n;
        i = end;
        if v.get(i) == Some(&b',') {
            i += 1;
        }
        if v.get(i) != Some(&b' ') || i == end && v.get(i + 1) == Some(&b' ') {
            break;
        }
        i += 1;
    }
    while end > 0 && v[end - 1] == b'.' && end < v.len() && matches!(v[end], b'\n' | b'\r' | b' ') {
        end -= 1;
    }
    if is(&v[..end]) { end } else { 0 }
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

/// True for what the words for an address name as well and is no place: a URL, a path, a host, a number (`请求地址：/api/user/list`,
/// `注册中心地址：nacos.example.com:8848`, `内存地址：0x7fff1234`).
pub fn is_locator(v: &[u8]) -> bool {
    let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':');
    let path = match v {
        [b'/', b'/' | b'*' | b'{', ..] | [b'/'] | [b'~' | b'.', b'/' | b'\\', ..] | [b'.', b'.', b'/', ..] => true,
        [b'\\', b'\\', ..] => true,
        [b'/', b, ..] => b.is_ascii_alphanumeric() || *b == b'_',
        [drive, b':', b'/' | b'\\', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    };
    if path || memchr::memmem::find(&v[..v.len().min(24)], b"://").is_some_and(|i| i > 0 && v[..i].iter().all(word)) {
        return true;
    }
    if !v.iter().all(u8::is_ascii_graphic) {
        return false;
    }
    let number = v.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) || v.starts_with(b"0x");
    // `No.5`
    let dotted = v.windows(3).any(|w| w[1] == b'.' && w[0].is_ascii_alphanumeric() && w[2].is_ascii_alphanumeric())
        && !v.get(..3).is_some_and(|w| w.eq_ignore_ascii_case(b"no."));
    number || dotted || v.iter().any(|b| matches!(b, b'/' | b':' | b'@')) || v.eq_ignore_ascii_case(b"localhost")
}

/// Signs that names of regions, streets and buildings end in, from large to small.
const SIGNS: &str = "省市区县州盟旗镇乡村路街道巷弄号栋座楼厦室园";

/// How many of them make a street, or less.
const LARGE: &str = "省市区县州盟旗镇乡村路街巷弄";

/// True for the text of a Chinese place by its form: `北京市海淀区知春路76号`, `知春路76号`, no sentence about one.
pub fn is_chinese(v: &[u8]) -> bool {
    if v.len() < 12 || v.len() > 384 {
        return false;
    }
    let signs = |list: &str| {
        let list = list.as_bytes().as_chunks::<3>().0;
        v.windows(3).enumerate().filter(|(i, w)| *i > 0 && list.iter().any(|s| s[..] == **w)).count()
    };
    let digit = v.iter().any(u8::is_ascii_digit);
    let said = ["请", "不", "为空", "错误", "格式", "必填", "未", "例如", "解析", "长度"];
    signs(LARGE) > 0
        && signs(SIGNS) + usize::from(digit) > 1
        && !said.iter().any(|w| memchr::memmem::find(v, w.as_bytes()).is_some())
}

#[cfg(test)]
mod tests {
    #[test]
    fn places_have_no_port() {
        for v in [
            "/api/user/list",
            "/",
            "//example.com/a.png",
            "https://www.example.com/支付",
            "jdbc:mysql://db:3306/a",
            "nacos.example.com:8848",
            "minio/bucket/a.png",
            "0x7fff12345678",
            "40001",
            "D:\\logs\\a.log",
            "localhost",
            "./data",
        ] {
            assert!(super::is_locator(v.as_bytes()), "{v}");
        }
        for v in ["北京市海淀区", "12 Main Street", "Beijing", "No.5", "A-1203", "/北京市/海淀区", ""] {
            assert!(v.is_empty() || !super::is_locator(v.as_bytes()), "{v}");
        }
        for v in ["北京市海淀区知春路76号", "知春路76号", "浙江省杭州市", "海淀区示例小区3号楼"]
        {
            assert!(super::is_chinese(v.as_bytes()), "{v}");
        }
        for v in ["不能为空", "省市区格式不正确", "测试环境服务器", "列表", "请填写省市区县", "首页顶部第3行"]
        {
            assert!(!super::is_chinese(v.as_bytes()), "{v}");
        }
    }

    #[test]
    fn a_place_ends_with_its_words() {
        for (v, place) in [
            ("12 Main Street, Springfield", "12 Main Street, Springfield"),
            ("12 Main Street is invalid", "12 Main Street"),
            ("12 Main Street Name:x", "12 Main Street"),
            ("12 Main Street; x", "12 Main Street"),
            ("12 Main Street, Springfield, phone=1", "12 Main Street, Springfield"),
            ("12 Rue de Rivoli, 75001 Paris", "12 Rue de Rivoli, 75001 Paris"),
            ("Hauptstrasse 5\n", "Hauptstrasse 5"),
            ("192.0.2.7:80", ""),
            ("0x7fff", ""),
            ("already in use", ""),
        ] {
            assert_eq!(&v[..super::len(v.as_bytes())], place, "{v}");
        }
    }

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
            "#12, 4th Cross, Indiranagar, Bangalore 560038",
            "Plot No 45, Sector 18, Gurgaon",
            "Keizersgracht 123, Amsterdam",
            "PO Box 123, Dubai",
        ] {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        for v in ["192.0.2.7", "0x7fff5fbff8a0", "localhost 80", "main st", "St 5", "on the way", "", "10 of 20"] {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
