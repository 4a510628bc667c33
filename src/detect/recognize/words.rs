//! Values in running Chinese text, where no separator stands between a word and what it names:
//! `护照E12345678`, `验证码482913`, `车牌京A12345`, `收件人王小明 电话`.

use super::extent::bare_end;
use super::{Found, Skip, Text, acting, copula, enclosed, papers, passcode, place, wide};
use crate::detect::check::{keyed, name, organisation, output, vehicle};
use crate::detect::scan::kind;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// Looks at every run of text beyond ASCII.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::HIGH) {
        let start = p as usize;
        if t[start..].starts_with("°".as_bytes()) && text.before(start).is_ascii_digit() && !skip.covers(start) {
            place::degrees(text, found, start);
        }
        // A run of one or two signs is too short for a word and the rest of a name.
        if skip.covers(start) || t.len() - start < 6 {
            continue;
        }
        let near = text.scan.maps.high.window(start).trailing_ones() as usize;
        let end = if near < 64 { start + near } else { start + t[start..].iter().take_while(|b| **b >= 0x80).count() };
        names(text, found, start, end);
        papers::run(text, found, start, end);
        passcode::before(text, found, start, end);
        behind(text, found, start, end);
        acting::run(text, found, start, end);
        copula::run(text, found, start, end);
        enclosed::run(text, found, start, end);
        if matches!(text.at(start + 3), b':' | b' ') {
            wide::single(text, found, start);
        }
        // MyBatis lists the parameters of a statement so: `zhangsan(String), 王小明(String)`.
        if t[end..].starts_with(b"(String)") && name::chinese(&t[start..end]) {
            found.push(start, end, e::PERSON_NAME, RuleId::Words, Confidence::Context);
        }
    }
}

/// Longest word that is looked for before a value.
const WORD: usize = 30;

/// What stands right behind the run.
fn behind(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    // A plate goes on with a letter, or with the digits of an embassy.
    if end - start >= 3 && text.at(end).is_ascii_alphanumeric() && vehicle::is_province(&t[end - 3..end]) {
        let s = end - 3;
        let len = vehicle::plate_len(&t[s..]);
        let word = found.memo.classify(text.registry, t, (s - start).min(WORD), s);
        let named = s > start && text.registry.class(word).has_shape(&[Shape::Plate]);
        if len > 0 && (named || plate_ends(&t[s + len..])) {
            found.push(s, s + len, e::PLATE, RuleId::Words, Confidence::Checked);
            return;
        }
    }
    let mut s = end;
    if text.at(s) == b' ' {
        s += 1;
    }
    s += usize::from(matches!(text.at(s), b'[' | b'('));
    if !text.at(s).is_ascii_alphanumeric() || end - start < 6 {
        return;
    }
    // `验证码【482913】`
    let opens = ["【", "「", "“", "（"].iter().any(|w| t[start..end].ends_with(w.as_bytes()));
    let word = end - if opens { 3 } else { 0 };
    let class = found.memo.classify(text.registry, t, (word - start).min(WORD), word);
    let Some((entity, shape)) = text.registry.class(class).entity else { return };
    if matches!(shape, Shape::SecretWord | Shape::AccountName) {
        return told(text, found, (entity, shape), word, s);
    }
    if !matches!(
        shape,
        Shape::Passport
            | Shape::Permit
            | Shape::RegionalId
            | Shape::Organisation
            | Shape::BankAccount
            | Shape::Card
            | Shape::CnId
            | Shape::Serial
            | Shape::UserId
            | Shape::Plate
            | Shape::Vin
            | Shape::Code
            | Shape::Geo
            | Shape::Birth
            | Shape::DeviceId
            | Shape::Imsi
    ) {
        return;
    }
    if shape == Shape::Birth
        && let Some(len) = day(&t[s..])
    {
        found.push(s, s + len, entity, RuleId::Words, Confidence::Context);
        return;
    }
    let inside = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'(' | b')' | b'.' | b',' | b'-' | b'_');
    let stop = s + t[s..].iter().take(LONGEST + 1).take_while(|b| inside(b)).count();
    if stop - s > LONGEST {
        return;
    }
    let v = t[s..stop].trim_ascii_end();
    // Behind what a pass before has written stands nothing that the word names.
    if v.split(|b| matches!(b, b',' | b'.' | b'(' | b')')).next().is_some_and(output::is) {
        return;
    }
    let mut v = v.strip_suffix(b",").or(v.strip_suffix(b".")).unwrap_or(v);
    if shape == Shape::Code {
        let digits = v.iter().take_while(|b| b.is_ascii_digit()).count();
        let said = copula::VERBS.iter().any(|w| t[..word].ends_with(w.as_bytes()));
        let mixed = digits < v.len() && v.len() < 7 && v.iter().all(u8::is_ascii_alphanumeric);
        if !(said && mixed && (text.at(stop) < 0x80 || matches!(text.at(stop), 0xE3 | 0xEF))) {
            v = &v[..digits];
        }
        if text.at(s + v.len()).is_ascii_alphabetic() {
            return;
        }
    }
    // A sentence that ends in `信用代码` may quote a wrong one, as a form may: only the right one is a company's.
    if shape == Shape::Organisation && v.len() == 18 && !organisation::credit_code(v) {
        return;
    }
    if let keyed::Keyed::Take(id) = keyed::keyed(shape, entity, v) {
        found.push(s, s + v.len(), id, RuleId::Words, Confidence::Context);
    }
}

/// Length of `1990年1月1日`.
fn day(v: &[u8]) -> Option<usize> {
    let mut at = 0;
    for (mark, most) in [("年", 4), ("月", 2), ("日", 2)] {
        let n = v[at..].iter().take(most).take_while(|b| b.is_ascii_digit()).count();
        at += n;
        if n == 0 || !v[at..].starts_with(mark.as_bytes()) {
            return None;
        }
        at += mark.len();
    }
    Some(at)
}

/// A password or an account behind a word that ends at `word`: only where a verb says so (`密码为...`, `用户名是...`), for the
/// words alone stand before many other things.
fn told(text: &Text<'_>, found: &mut Found<'_>, (entity, shape): (EntityId, Shape), word: usize, s: usize) {
    let t = text.bytes;
    if !copula::VERBS.iter().any(|w| t[..word].ends_with(w.as_bytes())) {
        return;
    }
    let end = bare_end(text, s, t.len(), false);
    let v = &t[s..end];
    if shape == Shape::AccountName && v.len() > LONGEST {
        return;
    }
    let v = v.strip_suffix(b".").unwrap_or(v);
    // `密码为8-20位字符`, `密码是MD5加密的`: a word goes on.
    let goes_on = text.at(end) >= 0x80 && !matches!(text.at(end), 0xE3 | 0xEF);
    if goes_on {
        return;
    }
    if let keyed::Keyed::Take(id) = keyed::keyed(shape, entity, v) {
        found.push(s, s + v.len(), id, RuleId::Words, Confidence::Context);
    }
}

/// Longest value behind a word: what is longer is no number of anything, and is not cut in two.
const LONGEST: usize = 128;

/// `京A12345号文件` numbers a paper, not a car.
fn plate_ends(after: &[u8]) -> bool {
    !(after.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'-') || after.starts_with("号".as_bytes()))
}

/// Words before a name end in one of these signs.
fn may_end_title(c: &[u8]) -> bool {
    // All are compared: any sign may come, and a jump for each would be guessed wrong.
    const SIGNS: [u32; 9] = [0xE688B7, 0xE4BABA, 0xE5908D, 0xE59198, 0xE4B8BB, 0xE5AEA2, 0xE88085, 0xE995BF, 0xE7949F];
    let &[a, b, c] = c else { return false };
    let sign = u32::from_be_bytes([0, a, b, c]);
    SIGNS.iter().fold(false, |any, s| any | (*s == sign))
}

/// Words that a person's name follows.
const TITLES: &[&str] = &[
    "客户",
    "用户",
    "收件人",
    "联系人",
    "收货人",
    "寄件人",
    "法人",
    "申请人",
    "经办人",
    "持卡人",
    "收款人",
    "付款人",
    "代理人",
    "投保人",
    "被保险人",
    "负责人",
    "责任人",
    "姓名",
    "户名",
    "会员",
    "学员",
    "业主",
    "车主",
    "户主",
    "乘客",
    "旅客",
    "患者",
    "家长",
    "学生",
    "业务员",
    "快递员",
    "操作员",
    "购买人",
    "当事人",
    "委托人",
    "嫌疑人",
];

/// What such a word names, when `v` ends with it.
pub fn titled(v: &[u8]) -> Option<(EntityId, Shape)> {
    const ROLES: &[&str] = &["管理员", "员工", "病人", "顾客"];
    let ends = |list: &[&str]| list.iter().any(|w| v.ends_with(w.as_bytes()));
    let title = v.len() >= 6 && may_end_title(&v[v.len() - 3..]) && ends(TITLES);
    (title || ends(ROLES)).then_some((e::PERSON_NAME, Shape::Login))
}

/// What may follow a name without a separator.
const FOLLOWERS: &[&str] = &[
    "手机",
    "电话",
    "身份证",
    "证件",
    "邮箱",
    "账号",
    "账户",
    "的",
    "已",
    "来电",
    "申请",
    "反馈",
    "登录",
    "在",
    "于",
    "从",
    "向",
    "因",
    "称",
    "表示",
    "要求",
    "投诉",
    "咨询",
    "先生",
    "女士",
    "小姐",
    "同学",
    "老师",
    "联系",
    "地址",
    "住址",
    "微信",
    "护照",
    "银行卡",
    "卡号",
    "提交",
    "下单",
    "退款",
    "注册",
    "绑定",
    "购买",
    "付款",
    "签收",
    "收货",
    "本人",
    "车牌",
    "生日",
    "性别",
    "和",
    "与",
    "及",
    "未",
];

/// Names behind titles in the run.
fn names(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let mut i = start;
    while i + 3 <= end {
        let c = &t[i..i + 3];
        let step = if c[0] >= 0xE0 { 3 } else { 2 };
        if step == 3 && may_end_title(c) && TITLES.iter().any(|w| t[start..i + 3].ends_with(w.as_bytes())) {
            let mut s = i + 3;
            // `姓名为张三`
            if copula::VERBS.iter().any(|v| t[s..end].starts_with(v.as_bytes())) {
                s += 3;
            }
            // A blank may part the title from the name.
            let tail = if s == end && text.at(s) == b' ' {
                s += 1;
                s + t[s..].iter().take(24).take_while(|b| **b >= 0x80).count()
            } else {
                end
            };
            let len = name_len(&t[s..tail], tail, text);
            if len > 0 && !name::is_whole(&t[s..s + len]) {
                found.push(s, s + len, e::PERSON_NAME, RuleId::Words, Confidence::Context);
                i = s + len;
                continue;
            }
        }
        if c == "址".as_bytes() && i + 6 < end {
            copula::place(text, found, i + 3);
        }
        i += step;
    }
}

/// Length of the name at the front of `v`, a run that ends at `end` of the text; 0 when there is none.
fn name_len(v: &[u8], end: usize, text: &Text<'_>) -> usize {
    let surname = name::surname(v, false);
    if surname == 0 || name::is_word(v) {
        return 0;
    }
    // Longer first: `王小明` before `王小`, when what follows can follow a name.
    let mut best = 0;
    for given in [2, 1] {
        let len = surname + given * 3;
        if v.len() < len || !v[surname..len].chunks_exact(3).all(|c| (0xE4..=0xE9).contains(&c[0])) {
            continue;
        }
        let rest = &v[len..];
        let mark = matches!(rest.first(), Some(0xE2 | 0xE3 | 0xEF));
        let closed = rest.is_empty() && !text.at(end).is_ascii_alphabetic();
        if mark || closed || FOLLOWERS.iter().any(|f| rest.starts_with(f.as_bytes())) {
            best = len;
            // `王伟的` could be `王伟` and `的`, never a given name of a particle.
            if given == 2 && FOLLOWERS.iter().any(|f| v[surname + 3..].starts_with(f.as_bytes())) {
                continue;
            }
            return len;
        }
    }
    best
}
