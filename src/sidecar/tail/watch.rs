//! Changes of folders wake lanes before their next look. Nothing depends on them: what the kernel forgets to tell, and what it
//! can't tell of network and linked folders, is found by looking.

use super::Globs;
use crate::sidecar::bell::{Bell, Call};
use notify::event::{EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::path::PathBuf;
use std::sync::Arc;

/// Watches folders until it is dropped.
pub struct Watch {
    _watcher: RecommendedWatcher,
}

/// Files of one source, and the lanes that follow them.
pub struct Followed {
    /// Which files.
    pub globs: Globs,
    /// Who reads them.
    pub lanes: Vec<Arc<Bell>>,
}

impl Watch {
    /// Rings the lanes of a source when one of its files changes. Folders that can't be watched are told in the log.
    ///
    /// # Errors
    /// When the system has no watches left.
    pub fn start(sources: Vec<Followed>) -> notify::Result<Watch> {
        let folders: Vec<_> = sources.iter().map(|s| s.globs.folders()).collect();
        let all = folders.clone();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event {
                for (source, _) in sources.iter().zip(&folders).filter(|(s, f)| concerns(&event, &s.globs, f)) {
                    source.lanes.iter().for_each(|bell| bell.ring(Call::File));
                }
            }
        })?;
        for (folder, deep) in all.into_iter().flatten() {
            let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(e) = watcher.watch(&folder, mode) {
                tracing::info!("{}: not watched, looked at every now and then: {:?}", folder.display(), e.kind);
            }
        }
        Ok(Watch { _watcher: watcher })
    }
}

/// True for new bytes of a file that the globs name, and for files that come, go or move. Reading is no news.
fn concerns(event: &Event, globs: &Globs, folders: &[(PathBuf, bool)]) -> bool {
    match event.kind {
        EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Any) => event.paths.iter().any(|p| globs.names(p)),
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => {
            event.paths.iter().any(|p| folders.iter().any(|(folder, _)| p.starts_with(folder)))
        }
        _ => event.need_rescan(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    #[test]
    fn lanes_are_rung_for_their_files() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("other")).unwrap();
        let globs = |text: &str| Globs::new([at(text).to_str().unwrap()], []).unwrap();
        let (own, others) = (Arc::new(Bell::default()), Arc::new(Bell::default()));
        let mut file = std::fs::File::create(at("a.log")).unwrap();
        let mut noise = std::fs::File::create(at("noise")).unwrap();
        let followed = |text, bell: &Arc<Bell>| Followed { globs: globs(text), lanes: vec![bell.clone()] };
        let sources = vec![followed("*.log", &own), followed("other/*", &others)];
        let _watch = Watch::start(sources).unwrap();
        noise.write_all(b"x").unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(own.wait(Duration::from_secs(20)), Some(Call::File));
        while own.wait(Duration::from_millis(50)).is_some() {}
        std::fs::rename(at("a.log"), at("a.log.1")).unwrap();
        assert_eq!(own.wait(Duration::from_secs(20)), Some(Call::File));
        assert_eq!(others.wait(Duration::ZERO), None);
    }
}
