//! Log readers still read what logveil wrote: GoAccess and lnav count the same lines, visitors, hosts and bytes as before.

mod support;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{key_file, run};

const LINES: usize = 3000;

/// Access logs with many clients; only documentation, private and shared addresses, nobody's.
fn log(layout: &str) -> (String, usize) {
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
        "curl/8.5.0",
    ];
    let (mut out, mut hosts) = (String::new(), HashSet::new());
    for i in 0..LINES {
        let n = i * 7919 % 1000;
        let host = match i % 8 {
            0 => format!("203.0.113.{}", n % 254 + 1),
            1 => format!("198.51.100.{}", n % 254 + 1),
            2 => format!("10.20.{}.{}", n % 5, n % 250 + 1),
            3 => format!("100.64.3.{}", n % 250 + 1),
            4 => format!("::ffff:192.0.2.{}", n % 254 + 1),
            _ => format!("2001:db8:{n:x}::{:x}", n / 3 + 1),
        };
        hosts.insert(host.clone());
        let (h, m, s) = (i / 3600, i / 60 % 60, i % 60);
        let vhost = if layout == "vhost" { "www.example.com:443 " } else { "" };
        out += &format!(
            "{vhost}{host} - - [24/Nov/2026:{h:02}:{m:02}:{s:02} +0800] \"GET /item/{}.html?mobile=138{:08} HTTP/1.1\" {} {}",
            n % 40,
            n * 91,
            [200, 200, 304, 404][i % 4],
            n * 17,
        );
        if layout != "common" {
            out += &format!(" \"https://www.example.com/?q={}\" \"{}\"", i % 7, agents[i % 3]);
        }
        out.push('\n');
    }
    (out, hosts.len())
}

/// The log as it was and as logveil writes it, without tags and with tags in the lines.
fn written(dir: &Path, layout: &str) -> (Vec<PathBuf>, usize) {
    let (text, hosts) = log(layout);
    let key = key_file(dir).display().to_string();
    let mut files = vec![dir.join(format!("{layout}.log"))];
    std::fs::write(&files[0], &text).unwrap();
    for tag in ["none", "inline"] {
        let (code, out, err) = run(&["filter", "--tag", tag, "-k", &key], text.as_bytes());
        assert_eq!(code, 0, "{err}");
        assert_eq!(out.iter().filter(|b| **b == b'\n').count(), LINES);
        let seen = String::from_utf8(out).unwrap();
        assert!(!seen.contains("203.0.113.") && !seen.contains("2001:db8:") && !seen.contains("mobile=138"));
        files.push(dir.join(format!("{layout}.{tag}.log")));
        std::fs::write(files.last().unwrap(), seen).unwrap();
    }
    (files, hosts)
}

/// What a program prints; nothing when this machine lacks it.
fn output(program: &str, args: &[&str]) -> Option<String> {
    match Command::new(program).args(args).output() {
        Ok(o) => Some(String::from_utf8(o.stdout).unwrap()),
        Err(e) => {
            eprintln!("skipped: {program}: {e}");
            None
        }
    }
}

/// Lines, refused lines, visitors, hosts and bytes.
fn goaccess(file: &Path, format: &[&str]) -> Option<[u64; 5]> {
    let mut args = vec![file.to_str().unwrap(), "--no-global-config", "-o", "json"];
    args.extend(format);
    let json: serde_json::Value = serde_json::from_str(&output("goaccess", &args)?).expect("GoAccess refused the file");
    let general = |k: &str| json["general"][k].as_u64().unwrap();
    let hosts = json["hosts"]["metadata"]["data"]["total"]["value"].as_u64().unwrap();
    Some([
        general("valid_requests"),
        general("failed_requests"),
        general("unique_visitors"),
        hosts,
        general("bandwidth"),
    ])
}

#[test]
fn goaccess_counts_the_same_visitors() {
    // The last field of the common format takes the rest of the line, so a tag must be named there.
    let tagged = ["--log-format=%h %^[%d:%t %^] \"%r\" %s %b \"%^\"", "--date-format=%d/%b/%Y", "--time-format=%T"];
    let dir = tempfile::tempdir().unwrap();
    for (layout, format) in [("combined", "COMBINED"), ("vhost", "VCOMBINED"), ("common", "COMMON")] {
        let (files, hosts) = written(dir.path(), layout);
        let format = format!("--log-format={format}");
        let Some(want) = goaccess(&files[0], &[&format]) else { return };
        assert_eq!(want[..2], [LINES as u64, 0]);
        assert_eq!(want[3] as usize, hosts);
        assert_eq!(goaccess(&files[1], &[&format]), Some(want), "{layout}");
        let with_tags = if layout == "common" { &tagged[..] } else { &[format.as_str()][..] };
        assert_eq!(goaccess(&files[2], with_tags), Some(want), "{layout} with tags");
    }
}

#[test]
fn lnav_counts_the_same_hosts() {
    let query = ";SELECT count(*), count(distinct c_ip), sum(sc_bytes), count(distinct cs_uri_stem) FROM access_log";
    let dir = tempfile::tempdir().unwrap();
    for layout in ["combined", "common"] {
        let (files, hosts) = written(dir.path(), layout);
        let count = |file: &Path| output("lnav", &["-n", "-c", query, "-c", ":write-csv-to -", file.to_str().unwrap()]);
        let Some(want) = count(&files[0]) else { return };
        assert!(want.contains(&format!("\n{LINES},{hosts},")), "{want}");
        for file in &files[1..] {
            assert_eq!(count(file).unwrap(), want, "{}", file.display());
        }
    }
}
