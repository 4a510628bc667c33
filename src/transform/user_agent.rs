//! User-Agent strings to families: `Chrome/126 Android/12`. The few rules that cover nearly all traffic; the rest
//! becomes `other`. A full database would date quickly and say more than an analysis needs.

/// Marks of browsers, apps and libraries, the most particular first.
const FAMILIES: &[(&str, &str)] = &[
    ("MicroMessenger/", "WeChat"),
    ("jdapp;", "JDApp"),
    ("AlipayClient/", "Alipay"),
    ("QQ/", "QQ"),
    ("MQQBrowser/", "QQBrowser"),
    ("UCBrowser/", "UCBrowser"),
    ("HuaweiBrowser/", "HuaweiBrowser"),
    ("MiuiBrowser/", "MiuiBrowser"),
    ("SamsungBrowser/", "SamsungBrowser"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Dalvik/", "Dalvik"),
    ("okhttp/", "okhttp"),
    ("curl/", "curl"),
    ("Go-http-client/", "Go"),
    ("python-requests/", "requests"),
    ("Java/", "Java"),
];

/// Marks of systems; the number behind the mark is the version.
const SYSTEMS: &[(&str, &str)] = &[
    ("HarmonyOS ", "HarmonyOS"),
    ("iPhone OS ", "iOS"),
    ("CPU OS ", "iPadOS"),
    ("Android ", "Android"),
    ("Windows NT ", "Windows"),
    ("Mac OS X ", "macOS"),
    ("Linux", "Linux"),
];

/// Appends family and system with their major versions.
pub fn family(agent: &str, out: &mut Vec<u8>) {
    let bot = ["bot", "Bot", "spider", "Spider", "crawler"].iter().any(|b| agent.contains(b));
    let safari = agent.contains("Safari/").then_some(("Version/", "Safari"));
    match FAMILIES.iter().copied().find(|f| agent.contains(f.0)).or(safari) {
        _ if bot => out.extend_from_slice(b"bot"),
        Some((mark, name)) => named(agent, mark, name, out),
        None => out.extend_from_slice(b"other"),
    }
    if let Some((mark, name)) = SYSTEMS.iter().copied().find(|s| agent.contains(s.0)) {
        out.push(b' ');
        named(agent, mark, name, out);
    }
}

fn named(agent: &str, mark: &str, name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    let rest = agent.find(mark).map_or("", |i| &agent[i + mark.len()..]);
    let major: &str = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    // More digits than a major version has may be an identifier.
    if !major.is_empty() && major.len() <= 3 {
        out.push(b'/');
        out.extend_from_slice(major.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn families() {
        for (agent, want) in [
            (
                "Mozilla/5.0 (Linux; Android 12; SM-G9810 Build/SP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Version/4.0 Chrome/126.0.6478.71 Mobile Safari/537.36",
                "Chrome/126 Android/12",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/17.0 Mobile/15E148 Safari/604.1",
                "Safari/17 iOS/17",
            ),
            ("jdapp;android;11.0.4;12;imei/490154203237518;model/SM-G9810", "JDApp"),
            ("okhttp/3.12.1.0", "okhttp/3"),
            ("Mozilla/5.0 (compatible; ExampleBot/2.1)", "bot"),
            ("13800138001", "other"),
            ("Chrome/13800138001", "Chrome"),
        ] {
            let mut out = Vec::new();
            super::family(agent, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), want);
        }
    }
}
