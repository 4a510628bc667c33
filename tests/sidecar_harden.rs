//! Rights that the daemon gave up, in every thread.

mod support;

use std::fs;
use support::daemon::{Daemon, Place, wait_for};

const FILES: &str = "[source.file.a]\ninclude = ['DIR/in/*.log']\n[sink.file.clean]\npath = 'DIR/out/a'\n[sink.file.second]\npath = 'DIR/out/b'\n";

/// A field of `/proc/PID/task/*/status`, of each thread.
fn of_threads(daemon: &Daemon, field: &str) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).unwrap();
    let value = |text: String| text.lines().find_map(|l| Some(l.strip_prefix(field)?.trim().to_owned()));
    tasks.flatten().filter_map(|t| value(fs::read_to_string(t.path().join("status")).ok()?)).collect()
}

fn works(place: &Place) {
    fs::write(place.at("in/a.log"), "mobile=13800138001\n").unwrap();
    wait_for("a record", || place.read("out/b").contains("phone_") && place.read("out/a").contains("phone_"));
}

#[test]
fn every_thread_is_restricted_and_works() {
    let place = Place::new(FILES);
    fs::create_dir(place.at("in")).unwrap();
    let daemon = place.start_ready();
    works(&place);
    let threads = of_threads(&daemon, "Seccomp:");
    assert!(threads.len() >= 4 && threads.iter().all(|s| s == "2"), "{threads:?}\n{}", place.read("said"));
    assert!(of_threads(&daemon, "NoNewPrivs:").iter().all(|s| s == "1"));
    assert!(daemon.stop().success());
}

#[test]
fn the_filter_of_system_calls_can_be_left_out() {
    let filters = fs::read_to_string("/proc/self/status").unwrap();
    if !filters.contains("Seccomp:\t0") {
        eprintln!("skipped: this test runs behind a filter itself");
        return;
    }
    let place = Place::new(&format!("[ops]\nseccomp = false\n{FILES}"));
    fs::create_dir(place.at("in")).unwrap();
    let daemon = place.start_ready();
    works(&place);
    assert!(of_threads(&daemon, "Seccomp:").iter().all(|s| s == "0"));
    assert!(of_threads(&daemon, "NoNewPrivs:").iter().all(|s| s == "1"));
    assert!(daemon.stop().success());
}
