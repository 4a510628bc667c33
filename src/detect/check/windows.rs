//! Accounts of Windows' own: services, pools of web servers, the managers of sessions and fonts.

/// Domains that hold no person, in the languages in which Windows names them.
const DOMAINS: &[&str] = &[
    "nt authority",
    "nt service",
    "nt virtual machine",
    "nt-autorität",
    "nt-autoritÄt",
    "autorite nt",
    "autorité nt",
    "autoritÉ nt",
    "builtin",
    "vordefiniert",
    "window manager",
    "font driver host",
    "iis apppool",
];

/// Length of such a domain and its backslashes at the front of `v`.
pub fn domain(v: &[u8]) -> usize {
    let begins = |d: &&&str| v.get(..d.len()).is_some_and(|w| w.eq_ignore_ascii_case(d.as_bytes()));
    let Some(d) = DOMAINS.iter().find(begins) else { return 0 };
    let marks = v[d.len()..].iter().take(4).take_while(|b| **b == b'\\').count();
    if marks > 0 { d.len() + marks } else { 0 }
}

/// True for such an account: with its domain, or a number of a session behind `DWM-` or `UMFD-`.
pub fn is(v: &[u8]) -> bool {
    let number = v.strip_prefix(b"DWM-").or(v.strip_prefix(b"UMFD-"));
    number.is_some_and(|n| n.len() < 4 && super::all_digits(n)) || domain(v) > 0
}

#[cfg(test)]
mod tests {
    #[test]
    fn services() {
        for v in ["NT AUTHORITY\\SYSTEM", "nt authority\\\\local service", "Window Manager\\DWM-1", "DWM-12", "UMFD-0"]
        {
            assert!(super::is(v.as_bytes()), "{v}");
        }
        assert!(super::is("NT-AUTORITÄT\\SYSTEM".as_bytes()));
        for v in ["NT AUTHORITY", "CORP\\alice", "DWM-", "dwm-alice", ""] {
            assert!(!super::is(v.as_bytes()), "{v}");
        }
    }
}
