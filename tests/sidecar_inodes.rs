//! An inode that the system gives to another file is not taken for the file that had it before.

mod support;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;
use support::daemon::{Place, wait_for};

#[test]
fn files_that_are_deleted_and_made_anew_are_all_read() {
    let place = Place::new(
        "[source.file.a]\ninclude = ['DIR/in/a.log']\nrotate_wait = '100ms'\n[sink.file.clean]\npath = 'DIR/out/a'\n",
    );
    fs::create_dir(place.at("in")).unwrap();
    let path = place.at("in/a.log");
    let daemon = place.start_ready();
    let (mut inodes, mut last) = (Vec::new(), 0);
    for n in 0..6 {
        // Its turn as a plain file, and as a compressed one.
        let text = format!("n={n} mobile=13800138001\n").repeat(3);
        let packed = zstd(&text);
        fs::write(&path, if n % 2 == 0 { text.as_bytes() } else { &packed[..] }).unwrap();
        inodes.push(fs::metadata(&path).unwrap().ino());
        last += 3;
        wait_for("its records", || place.read("out/a").lines().count() == last);
        fs::remove_file(&path).unwrap();
        // Long enough to be taken for finished.
        std::thread::sleep(Duration::from_millis(900));
    }
    assert!(daemon.stop().success());
    for n in 0..6 {
        assert_eq!(place.read("out/a").matches(&format!("n={n} ")).count(), 3, "inodes {inodes:?}");
    }
    if inodes.windows(2).all(|i| i[0] != i[1]) {
        eprintln!("this file system gave no inode twice");
    }
}

fn zstd(text: &str) -> Vec<u8> {
    zstd::bulk::compress(text.as_bytes(), 1).unwrap()
}
