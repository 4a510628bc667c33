//! Keys that show whose they are: issuers begin them with a mark of their own, or give them out as part of an address.

use super::secret::is_token;
use super::{Found, Skip, Text};
use crate::detect::check::{output, uuid};
use crate::detect::scan::kind;
use crate::format::base64;
use crate::model::{Confidence, RuleId, well_known as e};

/// How a key begins, the fewest and the most bytes of it.
type Mark = (&'static [u8], usize, usize);

/// How issuers begin their keys, and how long these are: as their documentation and secret scanners publish it. Of two marks that
/// fit, the first whose length does.
const MARKS: &[Mark] = &[
    // Clouds: Amazon, Aliyun, Tencent Cloud, JD Cloud, Baidu, Volcengine, Google, DigitalOcean, Databricks, Heroku, Supabase,
    // PlanetScale, Pulumi.
    (b"AKIA", 20, 20),
    (b"ASIA", 20, 20),
    (b"ABSK", 60, 255),
    (b"LTAI", 16, 30),
    (b"AKID", 36, 36),
    (b"JDC_", 24, 64),
    (b"ALTAK-", 27, 64),
    (b"AKLT", 24, 64),
    (b"AIza", 39, 39),
    (b"GOCSPX-", 35, 35),
    (b"dop_v1_", 71, 71),
    (b"doo_v1_", 71, 71),
    (b"dor_v1_", 71, 71),
    (b"dapi", 36, 36),
    (b"HRKU-", 41, 70),
    (b"sbp_", 44, 44),
    (b"pscale_tkn_", 43, 80),
    (b"pscale_pw_", 42, 80),
    (b"pul-", 44, 44),
    // Code: GitHub, GitLab, npm, PyPI, RubyGems, Docker, Atlassian, Linear, Postman.
    (b"ghp_", 40, 255),
    (b"gho_", 40, 255),
    (b"ghu_", 40, 255),
    (b"ghs_", 40, 255),
    (b"ghr_", 40, 255),
    (b"github_pat_", 40, 255),
    (b"glpat-", 26, 255),
    (b"gldt-", 25, 255),
    (b"glrt-", 25, 255),
    (b"npm_", 40, 40),
    (b"pypi-", 40, 255),
    (b"rubygems_", 57, 57),
    (b"dckr_pat_", 36, 36),
    (b"dckr_oat_", 36, 41),
    (b"ATATT3", 150, 255),
    (b"ATCTT3", 150, 255),
    (b"lin_api_", 48, 48),
    (b"PMAK-", 64, 64),
    // Messages and mail: Slack, DingTalk's signing secret, Brevo.
    (b"xoxb-", 30, 255),
    (b"xoxp-", 30, 255),
    (b"xoxa-", 30, 255),
    (b"xoxr-", 30, 255),
    (b"xoxs-", 30, 255),
    (b"xoxe-", 30, 255),
    (b"xapp-", 30, 255),
    (b"SEC", 67, 67),
    (b"xkeysib-", 89, 89),
    // Money and shops: Stripe, Square, Shopify.
    (b"sk_live_", 24, 255),
    (b"rk_live_", 24, 255),
    (b"sk_test_", 24, 255),
    (b"rk_test_", 24, 255),
    (b"whsec_", 38, 80),
    (b"sq0atp-", 29, 29),
    (b"sq0csp-", 50, 50),
    (b"shpat_", 38, 38),
    (b"shpca_", 38, 38),
    (b"shppa_", 38, 38),
    (b"shpss_", 38, 38),
    // Models: OpenAI and those who write keys alike, Anthropic, Hugging Face, Groq, Replicate, Perplexity, xAI, NVIDIA.
    (b"sk-proj-", 40, 255),
    (b"sk-svcacct-", 40, 255),
    (b"sk-ant-", 40, 255),
    (b"sk-or-v1-", 73, 73),
    (b"sk-", 35, 35),
    (b"sk-", 40, 60),
    (b"hf_", 37, 37),
    (b"gsk_", 56, 56),
    (b"r8_", 40, 40),
    (b"pplx-", 53, 53),
    (b"xai-", 84, 84),
    (b"nvapi-", 70, 70),
    // Operations: Grafana, New Relic, Sentry, age.
    (b"glsa_", 46, 46),
    (b"glc_", 60, 255),
    (b"NRAK-", 32, 32),
    (b"sntrys_", 60, 255),
    (b"sntryu_", 71, 71),
    (b"AGE-SECRET-KEY-1", 74, 74),
];

/// Keys in several parts with dots between them: SendGrid, Google, Vault, Doppler, Dynatrace, Slack.
const DOTTED: &[Mark] = &[
    (b"SG.", 69, 69),
    (b"ya29.", 40, 1024),
    (b"hvs.", 28, 255),
    (b"hvb.", 28, 512),
    (b"hvr.", 28, 512),
    (b"dp.pt.", 46, 60),
    (b"dp.st.", 46, 80),
    (b"dt0c01.", 90, 96),
    (b"xoxe.xox", 60, 255),
];

/// What stands before the UUID that is an older key of Heroku's.
const HEROKU: &[u8] = b"HRKU-";

/// Pairs of bytes that marks begin with: most tokens need no more than a look at their first two.
static FIRST: [u64; 1 << 10] = {
    let mut t = [0; 1 << 10];
    let mut i = 0;
    while i < MARKS.len() {
        let pair = (MARKS[i].0[0] as usize) << 8 | MARKS[i].0[1] as usize;
        t[pair >> 6] |= 1 << (pair & 63);
        i += 1;
    }
    t
};

#[inline]
fn may_be_marked(v: &[u8]) -> bool {
    let &[a, b, ..] = v else { return false };
    let pair = usize::from(a) << 8 | usize::from(b);
    FIRST[pair >> 6] >> (pair & 63) & 1 == 1
}

/// Longest key that is looked at from its end.
const LONGEST: usize = 255;

/// Looks at the ends of tokens and of runs of hexadecimal digits, and at UUIDs that stand in the address of a hook.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    for k in [kind::TOKEN, kind::HEXRUN] {
        let mut skip = Skip::new(text.regions);
        let mut done = 0;
        for &p in text.scan.events.of(k) {
            let p = p as usize;
            if p > done && (k == kind::TOKEN || may_end_key(text, p)) && !skip.covers(p) {
                done = token(text, found, p);
            }
        }
    }
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::UUID) {
        let (s, end) = ((p as usize).saturating_sub(23), p as usize + 13);
        // Most stand behind a quote or a blank.
        if !matches!(text.before(s), b'/' | b'=' | b'-') {
            continue;
        }
        let mark = if text.bytes[..s].ends_with(HEROKU) { HEROKU.len() } else { 0 };
        if (mark > 0 || is_hook(&text.bytes[..s]))
            && !skip.covers(p as usize)
            && text.bytes.get(s..end).is_some_and(uuid::is)
        {
            push(text, found, s - mark, end);
        }
    }
}

/// True unless the run of hexadecimal digits that ends at `p` stands alone, as most do: a mark or the address of a hook stands before
/// a key.
#[inline]
fn may_end_key(text: &Text<'_>, p: usize) -> bool {
    let before = text.before(p - text.scan.maps.hex.run_before(p));
    before.is_ascii_alphanumeric() || matches!(before, b'_' | b'-' | b'/')
}

/// Looks at the token whose end, or some part of it, stands before `p`; returns where it ends.
#[inline]
fn token(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> usize {
    let t = text.bytes;
    let near = text.scan.maps.keychars.run_before(p);
    let head = &t[p - if near < 64 { near } else { p.min(LONGEST) }..p];
    let s = p - head.iter().rev().take_while(|b| is_token(**b)).count();
    let marked = may_be_marked(&t[s..p]);
    let before = text.before(s);
    if before == b' '
        && let Some(end) = sasl(text, found, s)
    {
        return end;
    }
    if is_token(before) || !marked && !matches!(before, b'.' | b'/' | b':') {
        return p;
    }
    let end = p + t[p..].iter().take(LONGEST).take_while(|b| is_token(**b)).count();
    let v = &t[s..end];
    let fits = |&(mark, least, most): &Mark| {
        // `sk-some-long-name-of-something`
        v.starts_with(mark) && (least..=most).contains(&v.len()) && (least == most || v.iter().any(u8::is_ascii_digit))
    };
    if marked && MARKS.iter().any(fits) {
        push(text, found, s, end);
    } else if let Some(from) = bot(t, s, v).or_else(|| (before == b'/' && is_hook_key(&t[..s], v)).then_some(s)) {
        push(text, found, from, end);
    } else if before == b'.' {
        return dotted(text, found, s, end).unwrap_or(end);
    }
    end
}

/// The initial response at `s`, which holds name and password (RFC 4954 section 4, RFC 9051 section 6.2.2); returns where it ends.
#[inline]
fn sasl(text: &Text<'_>, found: &mut Found<'_>, s: usize) -> Option<usize> {
    const COMMANDS: [&[u8]; 5] =
        [b"AUTH PLAIN ", b"AUTHENTICATE PLAIN ", b"AUTH LOGIN ", b"AUTH XOAUTH2 ", b"AUTH OAUTHBEARER "];
    let t = text.bytes;
    let last = text.before(s.saturating_sub(1));
    if !matches!(last, b'N' | b'2' | b'R') || !COMMANDS.iter().any(|c| t[..s].ends_with(c)) {
        return None;
    }
    let end = s + t[s..].iter().take_while(|b| base64::is_sign(**b) || **b == b'=').count();
    push(text, found, s, end);
    Some(end)
}

fn push(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) {
    if !output::is(&text.bytes[s..end]) {
        found.push(s, end, e::TOKEN, RuleId::Document, Confidence::Checked);
    }
}

/// The key in parts whose later one is `s..end`; returns where it ends.
#[inline(never)]
fn dotted(text: &Text<'_>, found: &mut Found<'_>, s: usize, end: usize) -> Option<usize> {
    let t = text.bytes;
    let mut from = s;
    // No mark stands more than two parts before a long one.
    for _ in 0..2 {
        if text.before(from) != b'.' {
            break;
        }
        let part = t[..from - 1].iter().rev().take(LONGEST).take_while(|b| is_token(**b)).count();
        from -= 1 + part;
        let Some((_, least, most)) = DOTTED.iter().find(|m| t[from..].starts_with(m.0)) else { continue };
        let inside = |b: &u8| is_token(*b) || *b == b'.';
        let end = end + t[end..].iter().take(*most).take_while(|b| inside(b)).count();
        let end = end - t[from..end].iter().rev().take_while(|b| **b == b'.').count();
        let begins = !is_token(text.before(from)) && text.before(from) != b'.';
        if begins && (*least..=*most).contains(&(end - from)) {
            push(text, found, from, end);
            return Some(end);
        }
    }
    None
}

/// Where the key of a bot of Telegram begins whose second half is `v`, behind the number of the bot: `123456789:AA...`.
fn bot(t: &[u8], s: usize, v: &[u8]) -> Option<usize> {
    if v.len() != 35 || !v.starts_with(b"AA") || s == 0 || t[s - 1] != b':' {
        return None;
    }
    let digits = t[..s - 1].iter().rev().take(12).take_while(|b| b.is_ascii_digit()).count();
    (8..=10).contains(&digits).then(|| s - 1 - digits)
}

/// What stands before the key in the address of a hook: Feishu, WeCom, Teams, IFTTT.
const HOOKS: [&[u8]; 5] = [b"/bot/v2/hook/", b"/bot/hook/", b"/webhook/send?key=", b"/IncomingWebhook/", b"/with/key/"];

fn is_hook(head: &[u8]) -> bool {
    HOOKS.iter().any(|h| head.ends_with(h))
}

/// Bytes before a key that are looked at: no two segments that name a channel are longer.
const SEGMENTS: usize = 64;

/// True when the segment `v` of a path behind `head` lets whoever has it write to a channel: `/services/T.../B.../...` (Slack),
/// `/webhooks/123456789012345678/...` (Discord).
fn is_hook_key(head: &[u8], v: &[u8]) -> bool {
    let head = &head[head.len().saturating_sub(SEGMENTS)..];
    let mut parts = head.rsplitn(4, |b| *b == b'/').skip(1);
    let (Some(second), Some(first)) = (parts.next(), parts.next()) else { return is_hook(head) };
    let channel = |part: &[u8], mark: u8| {
        part.first() == Some(&mark)
            && (9..=14).contains(&part.len())
            && part.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    };
    let slack = v.len() == 24 && channel(second, b'B') && channel(first, b'T');
    let discord = (60..=80).contains(&v.len()) && second.iter().all(u8::is_ascii_digit) && first == b"webhooks";
    slack || discord || is_hook(head)
}
