//! Accounts that do something in Chinese sentences: `用户[alice]登录成功`, `用户 alice 不存在`, `[alice][登录成功]` (RuoYi).

use super::account::{NAME, is_account, is_noun, is_sign};
use super::{Found, Text};
use crate::model::{Confidence, RuleId, well_known as e};

/// Words before an account.
const WHO: [&str; 8] = ["用户", "账号", "账户", "帐号", "会员", "管理员", "用户名", "登录名"];

/// What users do.
const ACTS: [&str; 12] =
    ["登录", "登陆", "登出", "退出", "注册", "注销", "已登", "上线", "下线", "认证", "成功登", "签到"];

/// What is said of an account alone.
const STATES: [&str; 14] = [
    "不存在",
    "密码错误",
    "密码不正确",
    "已被",
    "被锁定",
    "被禁用",
    "被冻结",
    "被停用",
    "已锁定",
    "已停用",
    "已存在",
    "已禁用",
    "已冻结",
    "验证失败",
];

/// Words before such states that name other things.
const THINGS: &[&str] = &[
    "cache",
    "config",
    "detail",
    "email",
    "file",
    "info",
    "key",
    "list",
    "mobile",
    "openid",
    "order",
    "permission",
    "phone",
    "redis",
    "record",
    "role",
    "table",
    "token",
    "type",
    "vip",
    "bean",
    "service",
    "dept",
    "menu",
    "sql",
    "api",
    "url",
    "code",
];

/// Looks at what stands behind the signs `start..end`, and in front of them.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let word = &t[start..end];
    if matches!(text.before(start), b'[' | b' ') && text.before(start - 1) == b']' {
        bracketed(text, found, start);
    }
    if !WHO.iter().any(|w| word.ends_with(w.as_bytes())) {
        return;
    }
    let close = match text.at(end) {
        b'[' => b']',
        b'(' => b')',
        b @ (b'"' | b'\'' | b' ') => b,
        _ => 0,
    };
    let s = end + usize::from(close != 0);
    let len = t[s..].iter().take(NAME).take_while(|b| is_sign(**b) && b.is_ascii()).count();
    let next = s + len + usize::from(close != 0 && text.at(s + len) == close);
    let Some(rest) = t.get(next..) else { return };
    let begins = |list: &[&str]| list.iter().any(|w| rest.starts_with(w.as_bytes()));
    let name = &t[s..s + len];
    let thing = || is_noun(name) || THINGS.iter().any(|w| name.eq_ignore_ascii_case(w.as_bytes()));
    let acts = begins(&ACTS) || begins(&STATES) && !thing() || from_address(rest) && !thing();
    let mut known = || !text.registry.class(found.memo.classify(text.registry, t, len, s + len)).is_unknown();
    if len > 1 && acts && !known() && is_account(name) {
        found.push(s, s + len, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}

/// `从 203.0.113.45 登录`, `从IP...`.
fn from_address(rest: &[u8]) -> bool {
    let Some(rest) = rest.strip_prefix("从".as_bytes()) else { return false };
    let rest = rest.trim_ascii_start();
    rest.first().is_some_and(u8::is_ascii_digit) || rest.starts_with(b"IP") || rest.starts_with(b"[")
}

/// What messages in brackets say of the account in the brackets before them.
const SAID: [&str; 6] = ["登录", "登陆", "退出", "注册", "登出", "注销"];

/// `SysLoginService : [alice][登录成功]`, `[192.0.2.7]内网IP[alice][Success][登录成功]`, `: [alice] 登录成功, 源地址 ...`: the signs that begin
/// at `start` say what somebody did. Names of threads and levels stand in brackets as well.
fn bracketed(text: &Text<'_>, found: &mut Found<'_>, start: usize) {
    let t = text.bytes;
    let rest = &t[start..t.len().min(start + NAME)];
    if !SAID.iter().any(|w| rest.starts_with(w.as_bytes())) {
        return;
    }
    let open = |close: usize| {
        let low = close.saturating_sub(NAME);
        memchr::memrchr2(b'[', b'\n', &t[low..close]).map(|i| low + i).filter(|&i| t[i] == b'[')
    };
    let touches = text.before(start) == b'[';
    let mut close = start - 2;
    let Some(mut from) = open(close) else { return };
    if touches
        && matches!(&t[from + 1..close], b"Success" | b"Error" | b"Fail" | b"Logout" | b"Register")
        && text.before(from) == b']'
    {
        close = from - 1;
        let Some(before) = open(close) else { return };
        from = before;
    }
    let head = &t[..from];
    let told = match touches {
        true => head.ends_with(b" : ") || head.ends_with(b"IP") || head.last().is_some_and(|b| *b >= 0x80),
        false => {
            let source =
                ["源地址", "源IP", "来源", "IP"].iter().any(|w| memchr::memmem::find(rest, w.as_bytes()).is_some());
            head.ends_with(b": ") && source
        }
    };
    let name = &t[from + 1..close];
    let plain = name.len() > 1 && name.iter().all(|b| is_sign(*b) && b.is_ascii());
    if told
        && plain
        && !is_noun(name)
        && !THINGS.contains(&std::str::from_utf8(name).unwrap_or_default())
        && is_account(name)
    {
        found.push(from + 1, close, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}
