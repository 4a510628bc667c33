//! Formats as servers, devices and collectors write them: what goes, what stays, and that the carrier still reads.
//! In the golden text a token stands as `kind_*` and a surrogate address as `<addr>`.

mod support;

use logveil::engine::TagMode;
use regex::Regex;
use support::{engine, run};

/// Name, input and golden output of each file of `tests/golden/formats`.
fn golden() -> Vec<(String, String, String)> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/formats");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_string();
        if let Some(stem) = name.strip_suffix(".in") {
            let input = std::fs::read_to_string(&path).unwrap();
            let want = std::fs::read_to_string(path.with_extension("out")).unwrap_or_default();
            all.push((stem.to_string(), input, want));
        }
    }
    all.sort();
    all
}

fn shown(out: &str) -> String {
    let token = Regex::new(r"_[a-z2-7]{8}_[a-z2-7]{26}\b").unwrap();
    let address = Regex::new(r"fdde(?::|-|%3A)1d00(?:(?::|-|%3A)[0-9a-f]{4}){6}").unwrap();
    address.replace_all(&token.replace_all(out, "_*"), "<addr>").into_owned()
}

#[test]
fn every_format_is_cleaned_as_the_golden_text_says() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut wrong = String::new();
    let all = golden();
    assert!(all.len() >= 20, "golden files are gone");
    for (name, input, want) in all {
        let mut worker = engine.worker();
        worker.set_format(engine.sniffer(None).look(input.as_bytes()));
        let out = worker.rewrite(logveil::model::Block::records(input.as_bytes())).bytes().to_vec();
        let got = shown(&String::from_utf8(out).unwrap());
        if got != want {
            wrong.push_str(&format!("=== {name}\n--- want\n{want}--- got\n{got}"));
        }
        if input.starts_with('{') {
            got.lines().for_each(|l| drop(serde_json::from_str::<serde_json::Value>(l).unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The same text in every encoding gives the same output in that encoding.
#[test]
fn encodings_are_read_and_written_back() {
    let dir = tempfile::tempdir().unwrap();
    let key = support::key_file(dir.path());
    let text = "ok\n姓名：张三 手机号13800138000 地址：北京市海淀区1号\r\n{\"收货人\":\"李小明\"}\n";
    let clean = |bytes: &[u8], more: &[&str]| {
        let mut args = vec!["filter", "-t", "none", "-k", key.to_str().unwrap()];
        args.extend(more);
        let (code, out, err) = run(&args, bytes);
        assert_eq!(code, 0, "{err}");
        out
    };
    let want = String::from_utf8(clean(text.as_bytes(), &[])).unwrap();
    assert!(!want.contains("13800138000") && want.contains("张* ") && want.contains("北京市****\r\n"), "{want}");
    let gbk = |t: &str| encoding_rs::GB18030.encode(t).0.into_owned();
    let wide = |t: &str, bom: bool, be: bool| -> Vec<u8> {
        let units = bom.then_some(0xFEFF).into_iter().chain(t.encode_utf16());
        units.flat_map(|u| if be { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    assert_eq!(clean(&gbk(text), &[]), gbk(&want));
    assert_eq!(clean(&gbk(text), &["--encoding", "gbk"]), gbk(&want));
    for (bom, be, name) in [(true, false, "utf-16le"), (true, true, "utf-16be"), (false, false, "utf-16le")] {
        assert_eq!(clean(&wide(text, bom, be), &[]), wide(&want, bom, be), "{name}");
        assert_eq!(clean(&wide(text, bom, be), &["--encoding", name]), wide(&want, bom, be), "{name}");
    }
    // What is no text in the encoding stays byte for byte.
    let mut torn = gbk("手机号13800138000 ");
    torn.extend_from_slice(b"\xff\x80\xd5 end\n");
    let out = clean(&torn, &["--encoding", "gb18030"]);
    assert!(out.ends_with(b" \xff\x80\xd5 end\n"));
    assert_eq!(run(&["filter", "--encoding", "latin"], b"").0, 2);
}

/// Batch reads and writes them as well, in any compression, by jobs and by windows of over-long records.
#[test]
fn batch_keeps_encodings() {
    let dir = tempfile::tempdir().unwrap();
    let key = support::key_file(dir.path());
    let line = "收货人：张三 手机号13800138000 地址：北京市海淀区1号\r\n";
    let long = format!("手机号13800138000{} tel 13800138001\n", "号码，".repeat(300_000));
    let text = format!("ok\n{}{long}{line}", line.repeat(20_000));
    let gbk = encoding_rs::GB18030.encode(&text).0.into_owned();
    let wide =
        |mark: &[u8], to: fn(u16) -> [u8; 2]| [mark, &text.encode_utf16().flat_map(to).collect::<Vec<_>>()].concat();
    let folder = dir.path().join("in");
    std::fs::create_dir(&folder).unwrap();
    let inputs = [
        ("gbk.log", gbk),
        ("le.log", wide(b"\xFF\xFE", u16::to_le_bytes)),
        ("be.log", wide(b"\xFE\xFF", u16::to_be_bytes)),
        ("bare.log", wide(b"", u16::to_le_bytes)),
        ("han.log", line.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("mark.log", b"\xFF\xFE".to_vec()),
    ];
    for (name, bytes) in &inputs {
        std::fs::write(folder.join(name), bytes).unwrap();
        let zst = zstd::encode_all(&bytes[..], 1).unwrap();
        std::fs::write(folder.join(format!("{name}.zst")), zst).unwrap();
    }
    let (folder, out, key) = (folder.to_str().unwrap(), dir.path().join("out"), key.to_str().unwrap());
    for tag in ["none", "manifest"] {
        let (code, _, err) = run(&["batch", "-k", key, "-t", tag, folder, "-o", out.to_str().unwrap()], b"");
        assert_eq!(code, 0, "{err}");
        for (name, bytes) in &inputs {
            let (_, want, _) = run(&["filter", "-k", key, "-t", "none"], bytes);
            let want = if *name == "mark.log" { bytes.clone() } else { want };
            assert!(std::fs::read(out.join(name)).unwrap() == want, "{name}");
            let zst = std::fs::read(out.join(format!("{name}.zst"))).unwrap();
            assert!(zstd::decode_all(&zst[..]).unwrap() == want, "{name}.zst");
        }
    }
    // Tags stand by the offset of their record in what was written.
    let le = std::fs::read(out.join("le.log")).unwrap();
    let tags = std::fs::read_to_string(out.join("le.log.tags.jsonl")).unwrap();
    let mut count = 0;
    for tag in tags.lines() {
        let tag: serde_json::Value = serde_json::from_str(tag).unwrap();
        let at = tag["offset"].as_u64().unwrap() as usize;
        assert!(at == 2 || le[at - 2..at] == *b"\n\0", "{at}");
        count += 1;
    }
    assert!(count >= 20_002, "{count}");
    let (code, _, err) = run(&["batch", "-k", key, "-t", "partition", folder, "-o", out.to_str().unwrap()], b"");
    assert!(code == 1 && err.contains("le.log: is UTF-16"), "{err}");
    assert!(!err.contains("gbk.log: "), "{err}");
}

#[test]
fn scan_reports_places_and_hides_values() {
    let text = "ok\nphone=13800138000 ip=203.0.113.7\n";
    let (code, out, _) = run(&["scan", "--format", "jsonl"], text.as_bytes());
    assert_eq!(code, 1);
    let out = String::from_utf8(out).unwrap();
    assert!(!out.contains("13800138000"));
    let first: serde_json::Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert_eq!((&first["line"], &first["column"], &first["entity"]), (&2.into(), &7.into(), &"phone.mobile.cn".into()));
    assert_eq!((&first["offset"], &first["length"]), (&9.into(), &11.into()));
    let (code, out, _) = run(&["scan", "--format", "sarif"], text.as_bytes());
    assert_eq!(code, 1);
    let sarif: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 2);
    let (code, out, _) = run(&["scan", "--format", "json", "--show-values"], text.as_bytes());
    assert_eq!(code, 1);
    let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(json["findings"][0]["value"], "13800138000");
    assert_eq!(run(&["scan"], b"nothing here\n").0, 0);
    assert_eq!(run(&["scan", "--exit-zero"], text.as_bytes()).0, 0);
}

#[test]
fn rules_of_a_folder_are_loaded_and_tested() {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("rules");
    std::fs::create_dir(&rules).unwrap();
    std::fs::write(
        rules.join("staff.toml"),
        "[[entity]]\nid = 'staff.id'\ncategory = 'account'\nlevel = 3\npattern = 'EMP-\\d{6}'\nexamples = ['EMP-123456']\nnegative_examples = ['EMP-1']\n\n[[allow]]\nid = 'monitor'\ncidrs = ['198.51.100.0/24']\nvalues = ['EMP-000000']\n",
    )
    .unwrap();
    let r = rules.to_str().unwrap();
    let (_, out, err) =
        run(&["filter", "-t", "none", "--rules", r], b"EMP-123456 EMP-000000 198.51.100.9 203.0.113.9\n");
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("id_") && out.contains(" EMP-000000 198.51.100.9 fdde:1d00:"), "{out} {err}");
    let (_, out, _) = run(&["explain", "--rules", r, "from 198.51.100.9"], b"");
    assert!(String::from_utf8(out).unwrap().contains("keep (allow `monitor`: network)"));
    let (code, out, err) = run(&["test", "--rules", r], b"");
    assert_eq!(code, 0, "{} {err}", String::from_utf8_lossy(&out));
    let cases = dir.path().join("cases.toml");
    std::fs::write(
        &cases,
        "[[case]]\nline = 'EMP-123456 x'\nfinds = ['staff.id']\ngone = ['123456']\nstays = ['ZZZ']\n",
    )
    .unwrap();
    let (code, out, _) = run(&["test", "--rules", r, cases.to_str().unwrap()], b"");
    let out = String::from_utf8(out).unwrap();
    assert_eq!(code, 1);
    assert!(out.contains("text 1 of `stays` is gone") && out.contains(" 1 failures"), "{out}");
    std::fs::write(rules.join("worse.toml"), "[[pattern]]\nentity = 'staf.id'\npattern = 'x'\n").unwrap();
    let (code, _, err) = run(&["filter", "--rules", r], b"x");
    assert_eq!(code, 78);
    assert!(err.contains("worse.toml:2:10: unknown entity `staf.id`, did you mean `staff.id`?"), "{err}");
    assert!(err.contains("2 | entity = 'staf.id'\n   |          ^^^^^^^^^"), "{err}");
    // A pattern that is no expression, in a stanza beside a slip of form: both are told.
    let worse = "[[entity]]\nid = 'a.b'\ncategory = 'acount'\nlevel = 1\npattern = '(x'\nkeyword = ['k']\n";
    std::fs::write(rules.join("worse.toml"), worse).unwrap();
    let (code, _, err) = run(&["test", "--rules", r], b"");
    let places =
        ["toml:3:12: unknown category `acount`", "toml:5:11: pattern of `a.b`: unclosed", "toml:6:1: unknown field"];
    assert!(code == 78 && places.iter().all(|p| err.contains(p)), "{err}");
    std::fs::write(rules.join("worse.toml"), "[[pattern]]\nentity = 'staff.id'\npattern = 'a$b'\n").unwrap();
    let (code, out, _) = run(&["test", "--strict", "--rules", r], b"");
    let out = String::from_utf8(out).unwrap();
    assert!(code == 1 && out.contains("worse.toml:3:11: pattern of `staff.id` can match in no line"), "{out}");
}
