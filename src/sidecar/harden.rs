//! Rights that the daemon gives up before it reads the first record.

use super::config::{Address, Config};
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// No core dump, no new rights. Raw records and keys are in memory.
pub fn early() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // A filter of system calls may forbid to set what is set already.
    let core = if getrlimit(Resource::Core) == none { Ok(()) } else { setrlimit(Resource::Core, none) };
    let results = [set_dumpable_behavior(DumpableBehavior::NotDumpable), core, rustix::thread::set_no_new_privs(true)];
    for e in results.into_iter().filter_map(Result::err) {
        tracing::warn!("a right could not be given up: {e}");
    }
}

/// Files and folders that are read, and those that are written.
fn places(config: &Config, path: &Path) -> (BTreeSet<PathBuf>, BTreeSet<PathBuf>) {
    let (mut read, mut write) = (BTreeSet::new(), BTreeSet::new());
    let parent = |p: &Path| p.parent().unwrap_or(Path::new("/")).to_path_buf();
    write.insert(config.state_dir.clone());
    write.extend(config.sink.file.values().map(|s| parent(&s.path)));
    let sockets =
        config.source.syslog.values().map(|s| &s.address).chain(config.source.http.values().map(|s| &s.address));
    write.extend(sockets.filter_map(|a| if let Address::Path(p) = a { Some(parent(p)) } else { None }));
    write.extend(config.source.stream.values().filter(|s| s.path.is_absolute()).map(|s| s.path.clone()));
    write.extend(config.sink.syslog.values().filter_map(|s| match &s.address {
        Address::Path(p) => Some(parent(p)),
        _ => None,
    }));
    // Reloads read these again; a key or policy may be a new file at the same place.
    read.insert(parent(path));
    read.insert(parent(&config.engine.key_file));
    let policies = config.sinks().into_iter().filter_map(|(_, r)| r.policy).chain([config.engine.policy.clone()]);
    read.extend(policies.map(PathBuf::from).filter(|p| p.is_absolute()).map(|p| parent(&p)));
    read.extend(config.engine.rules.iter().map(|r| if r.is_dir() { r.clone() } else { parent(r) }));
    for source in config.source.file.values() {
        let include = source.include.iter().map(|g| g.get_ref().as_str());
        if let Ok(globs) = super::Globs::new(include, []) {
            // A glob without wildcards is a file that rotates in its folder.
            read.extend(globs.bases().map(|b| if b.is_dir() { b.to_path_buf() } else { parent(b) }));
        }
    }
    for system in [
        "/etc/resolv.conf",
        "/etc/hosts",
        "/etc/nsswitch.conf",
        "/etc/ssl",
        "/usr/share/zoneinfo",
        "/run/systemd/notify",
        "/dev/null",
        "/proc/self",
    ] {
        read.insert(system.into());
    }
    (read, write)
}

/// Confines the file system to the places of the configuration, and refuses system calls that are never made, where the kernel
/// can. Called before other threads start.
pub fn confine(config: &Config, path: &Path) {
    match landlock(config, path) {
        Ok(RulesetStatus::NotEnforced) => tracing::warn!("this kernel has no Landlock; files are not confined"),
        Ok(_) => {}
        Err(e) => tracing::warn!("files are not confined: {e}"),
    }
    if config.ops.seccomp
        && let Err(e) = super::seccomp::restrict()
    {
        tracing::warn!("system calls are not restricted: {e}");
    }
}

fn landlock(config: &Config, path: &Path) -> Result<RulesetStatus, landlock::RulesetError> {
    let abi = ABI::V3;
    let (read, write) = places(config, path);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .create()?;
    let all =
        read.iter().map(|p| (p, AccessFs::from_read(abi))).chain(write.iter().map(|p| (p, AccessFs::from_all(abi))));
    for (path, access) in all {
        // A place that is not there yet can't be opened later either.
        let Ok(fd) = PathFd::new(path) else { continue };
        let access = if path.is_dir() { access } else { access & AccessFs::from_file(abi) };
        rules = rules.add_rule(PathBeneath::new(fd, access))?;
    }
    Ok(rules.restrict_self()?.ruleset)
}
