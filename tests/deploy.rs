//! What `deploy/` says fits the program: metrics that dashboards and alerts name, JSON that parses, files of the package.

mod support;

use regex::Regex;
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn dashboards_and_alerts_name_metrics_that_exist() {
    let source = read("src/sidecar/metrics.rs");
    let register = Regex::new(r#"register\("([a-z_]+)""#).unwrap();
    let known: BTreeSet<_> = register.captures_iter(&source).map(|c| c[1].to_string()).collect();
    assert!(known.len() > 10);
    let name = Regex::new(r"logveil_([a-z_]+)").unwrap();
    for file in ["deploy/grafana/logveil.json", "deploy/prometheus/logveil.rules.yaml"] {
        let text = read(file);
        for found in name.captures_iter(&text) {
            let plain = found[1].trim_end_matches("_total").trim_end_matches("_bucket");
            assert!(known.contains(plain), "{file}: logveil_{} is not a metric", &found[1]);
        }
    }
}

#[test]
fn the_dashboard_is_json() {
    let board: serde_json::Value = serde_json::from_str(&read("deploy/grafana/logveil.json")).unwrap();
    assert!(board["panels"].as_array().unwrap().len() > 5);
}

/// A table of the Debian package in `Cargo.toml`.
fn deb() -> toml::Table {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    manifest["package"]["metadata"]["deb"].as_table().unwrap().clone()
}

/// Source and destination of each file of the package.
fn assets() -> Vec<(String, String)> {
    let deb = deb();
    let text = |v: &toml::Value| v.as_str().unwrap().to_string();
    deb["assets"].as_array().unwrap().iter().map(|a| (text(&a[0]), text(&a[1]))).collect()
}

fn exists(path: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).exists()
}

#[test]
fn every_file_of_the_package_exists_or_is_made_by_its_build() {
    let build = read("deploy/deb/build.sh");
    let assets = assets();
    for (source, _) in &assets {
        let made =
            source.strip_prefix("target/deb-assets/").is_some_and(|n| build.contains(&format!("deb-assets/{n}\n")));
        assert!(source == "target/release/logveil" || made || exists(source), "{source}");
    }
    let deb = deb();
    for conf in deb["conf-files"].as_array().unwrap() {
        let path = conf.as_str().unwrap().trim_start_matches('/');
        assert!(assets.iter().any(|(_, to)| to == path), "{path}");
    }
    assert_eq!(deb["features"].as_array().unwrap()[0].as_str(), Some("sidecar"));
    for script in ["postinst", "prerm", "postrm"] {
        let path = format!("{}/{script}", deb["maintainer-scripts"].as_str().unwrap());
        assert!(read(&path).contains("\n#DEBHELPER#\n"), "{path}: cargo-deb has no place for what the unit needs");
        let status =
            std::process::Command::new("sh").arg("-n").arg(&path).current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(status.unwrap().success(), "{path}");
    }
}

#[test]
fn unit_user_and_configuration_of_the_package_fit() {
    let (deb, assets) = (deb(), assets());
    let units = deb["systemd-units"].as_table().unwrap();
    let unit = format!("{}/{}.service", units["unit-scripts"].as_str().unwrap(), units["unit-name"].as_str().unwrap());
    let unit = read(&unit);
    let value = |key: &str| unit.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('=')).unwrap();
    let (program, rest) = value("ExecStart").split_once(' ').unwrap();
    let config = rest.rsplit(' ').next().unwrap();
    let goes_to = |path: &str| {
        let path = path.trim_start_matches('/');
        assets.iter().any(|(from, to)| {
            to == path || to.ends_with('/') && path == format!("{to}{}", from.rsplit('/').next().unwrap())
        })
    };
    assert!(goes_to(program) && goes_to(config), "{program} {config}");
    // cargo-deb takes the user from beside the unit.
    let sysusers =
        read(&format!("{}/{}.sysusers", units["unit-scripts"].as_str().unwrap(), units["unit-name"].as_str().unwrap()));
    let postinst = read("deploy/deb/scripts/postinst");
    let user = value("User");
    assert!(sysusers.starts_with(&format!("u {user} ")) && postinst.contains(&format!("chown {user}:{user} ")));
    // What the configuration writes is what the unit may write.
    let config = read("deploy/logveil.toml");
    let state = format!("/var/lib/{}", value("StateDirectory"));
    assert!(config.contains(&format!("state_dir = \"{state}\"")) && postinst.contains(&state));
    assert!(config.contains(&format!("path = \"{}/", value("ReadWritePaths"))));
}

#[test]
fn a_package_that_was_built_holds_these_files() {
    let Some(package) = support::package() else { return };
    let Ok(out) = std::process::Command::new("dpkg-deb").arg("-c").arg(&package).output() else {
        eprintln!("skipped: dpkg-deb is not installed");
        return;
    };
    let list = String::from_utf8(out.stdout).unwrap();
    for (_, to) in assets() {
        assert!(list.contains(&format!("./{to}")), "{to}\n{list}");
    }
    for made in ["systemd/system/logveil.service", "sysusers.d/logveil.conf"] {
        assert!(list.lines().any(|l| l.ends_with(made)), "{made}\n{list}");
    }
}
