//! Chinese names in Latin letters, as accounts are made of them: `zhangwei`, `li.si`, `wangfang01`.

/// Common surnames.
const SURNAMES: &str = "wang li zhang liu chen yang zhao huang zhou wu xu sun hu zhu gao lin he guo ma luo liang song zheng xie han \
    tang feng yu dong xiao cheng cao yuan deng fu shen zeng peng lv lu su jiang cai jia ding wei xue ye yan pan du dai xia zhong \
    tian ren fan fang shi yao tan liao zou xiong jin hao kong bai cui kang mao qiu qin gu hou shao meng long wan duan lei qian yin \
    qiao lai gong wen ouyang";

/// Words and brands that read as a name.
const WORDS: &str = "license licence licensing make line lines like here longer sure made machine making rename manage managing huge \
    human renaming limiting hanging lite mate male lime mage pane huawei baidu weixin weibo panda lure tango linden pandora lucia \
    wanting shine mali macao malawi sudan panama hero helen helena linger mature tangle maxima lucene range hence xiaomi guangdong \
    guangxi shanxi hainan hunan jiangsu fujian gansu yunnan henan hebei hubei shanghai taiwan wuhan jinan leisure heroku jinja";

/// Initials, and the finals that stand behind each.
const SYLLABLES: [(&str, &str); 22] = [
    ("zh", "a e ai ei ao ou an en ang eng ong i u ua uo uai ui uan un uang"),
    ("ch", "a e ai ao ou an en ang eng ong i u ua uo uai ui uan un uang"),
    ("sh", "a e ai ei ao ou an en ang eng i u ua uo uai ui uan un uang"),
    ("b", "a o ai ei ao an en ang eng i ie iao ian in ing u"),
    ("p", "a o ai ei ao ou an en ang eng i ie iao ian in ing u"),
    ("m", "a o e ai ei ao ou an en ang eng i ie iao iu ian in ing u"),
    ("f", "a o ei ou an en ang eng u"),
    ("d", "a e ai ao ou an ang eng ong i ie iao iu ian ing u uo ui uan un"),
    ("t", "a e ai ao ou an ang eng ong i ie iao ian ing u uo ui uan un"),
    ("n", "a e ai ei ao an en ang eng ong i ie iao iu ian in iang ing u uo uan v"),
    ("l", "a e ai ei ao ou an ang eng ong i ia ie iao iu ian in iang ing u uo uan un v"),
    ("g", "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang"),
    ("k", "a e ai ao ou an en ang eng ong u ua uo uai ui uan un uang"),
    ("h", "a e ai ei ao ou an en ang eng ong u ua uo uai ui uan un uang"),
    ("j", "i ia ie iao iu ian in iang ing iong u ue uan un"),
    ("q", "i ia ie iao iu ian in iang ing iong u ue uan un"),
    ("x", "i ia ie iao iu ian in iang ing iong u ue uan un"),
    ("r", "e ao ou an en ang eng ong i u uo ui uan un"),
    ("z", "a e ai ao ou an en ang eng ong i u uo ui uan un"),
    ("c", "a e ai ao ou an en ang eng ong i u uo ui uan un"),
    ("s", "a e ai ao ou an en ang eng ong i u uo ui uan un"),
    ("y", "a ao ou an ang e i in ing ong u ue uan un"),
];

/// Finals behind `w`, and syllables without an initial.
const W: &str = "a o ai ei an en ang eng u";
const BARE: &str = "a ai an ang ao e en er ou";

fn lists(list: &str, v: &[u8]) -> bool {
    list.split(' ').any(|w| w.as_bytes() == v)
}

fn syllable(v: &[u8]) -> bool {
    if let Some(last) = v.strip_prefix(b"w") {
        return lists(W, last);
    }
    SYLLABLES
        .iter()
        .find_map(|(initial, finals)| v.strip_prefix(initial.as_bytes()).map(|last| lists(finals, last)))
        .unwrap_or_else(|| lists(BARE, v))
}

/// One or two syllables.
fn given(v: &[u8]) -> bool {
    (1..=12).contains(&v.len()) && (syllable(v) || (1..v.len()).any(|i| syllable(&v[..i]) && syllable(&v[i..])))
}

/// A surname and one or two syllables, a dot or underscore between them, up to four digits behind.
pub fn name(v: &[u8]) -> bool {
    let digits = v.iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
    let v = &v[..v.len() - digits];
    let mut low = [0; 20];
    let Some(low) = low.get_mut(..v.len()).filter(|v| v.len() >= 4) else { return false };
    low.copy_from_slice(v);
    low.make_ascii_lowercase();
    // `ZHANGWEI` is a constant as often.
    if v[1..].iter().all(|b| !b.is_ascii_lowercase()) || lists(WORDS, low) {
        return false;
    }
    SURNAMES.split(' ').filter_map(|s| low.strip_prefix(s.as_bytes())).any(|rest| {
        given(match rest {
            [b'.' | b'_', rest @ ..] => rest,
            rest => rest,
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors() {
        for v in ["zhangsan", "lisi", "wangwu01", "ZhangWei", "li.si", "zhao_liu", "wangxiaoming", "chenfang"] {
            assert!(super::name(v.as_bytes()), "{v}");
        }
        for v in
            ["equals", "contains", "make", "line", "Exists", "between", "ma", "MALI", "change", "handle", "system", ""]
        {
            assert!(!super::name(v.as_bytes()), "{v}");
        }
    }
}
