//! What the page for machines tells.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;
use support::daemon::{Place, wait_for};
use support::net::port;

fn page(port: u16) -> String {
    let mut text = String::new();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// The number behind a name and its labels.
fn value(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |v| v.trim().parse().unwrap())
}

#[test]
fn findings_by_entity_and_clause() {
    let ops = port();
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.file.a]\ninclude = ['DIR/in/a.log']\n[sink.file.clean]\npath = 'DIR/out/a'\n"
    ));
    fs::create_dir(place.at("in")).unwrap();
    fs::write(place.at("in/a.log"), "mobile=13800138001 ip=203.0.113.9\n".repeat(20)).unwrap();
    let daemon = place.start_ready();
    wait_for("all records", || value(&page(ops), "logveil_records_total{sink=\"clean\"}") == 20);
    let page = page(ops);
    let explained = support::run(&["explain", "--json", "mobile=13800138001 ip=203.0.113.9"], b"").1;
    let explained = String::from_utf8(explained).unwrap();
    let mut found = 0;
    for line in explained.lines() {
        let f: serde_json::Value = serde_json::from_str(line).unwrap();
        let (entity, clause) = (f["entity"].as_str().unwrap(), f["clause"].as_str().unwrap());
        let name = format!("logveil_findings_total{{sink=\"clean\",entity=\"{entity}\",clause=\"{clause}\"}}");
        assert_eq!(value(&page, &name), 20, "{name}\n{page}");
        found += 1;
    }
    assert!(found >= 2, "{explained}");
    assert!(daemon.stop().success());
}

/// Every datagram that was sent was either read or counted as dropped.
#[test]
fn datagrams_that_the_kernel_drops_are_counted() {
    const SENT: u64 = 3000;
    let (ops, syslog) = (port(), port());
    let place = Place::new(&format!(
        "[ops]\nlisten = '127.0.0.1:{ops}'\n[source.syslog.s]\ntransport = 'udp'\naddress = '127.0.0.1:{syslog}'\n\
         receive_buffer = '64KiB'\n[sink.file.clean]\npath = 'DIR/out/a'\n"
    ));
    let daemon = place.start_ready();
    daemon.signal(rustix::process::Signal::STOP);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for n in 0..SENT {
        socket.send_to(format!("<14>n={n} mobile=13800138001").as_bytes(), ("127.0.0.1", syslog)).unwrap();
    }
    daemon.signal(rustix::process::Signal::CONT);
    let drops = |page: &str| value(page, "logveil_receive_drops_total{source=\"s\"}");
    wait_for("all datagrams are accounted for", || {
        let page = page(ops);
        value(&page, "logveil_records_total{sink=\"clean\"}") + drops(&page) == SENT
    });
    assert!(drops(&page(ops)) > 0);
    // The words come behind the count.
    wait_for("it is said", || place.read("said").contains("the kernel dropped"));
    assert!(daemon.stop().success());
    place.assert_clean(&[], &["13800138001"]);
}
