//! Which files are there? Globs, and the names that rotation gives.

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use std::fs::Metadata;
use std::path::{Component, Path, PathBuf};

/// Deepest folder that `**` looks into.
const DEPTH: usize = 16;

/// The globs of a source.
pub struct Globs {
    include: Vec<(PathBuf, GlobMatcher, bool)>,
    exclude: GlobSet,
}

/// A file that is there.
pub struct Found {
    /// Its path.
    pub path: PathBuf,
    /// What the system knows of it, behind links.
    pub meta: Metadata,
}

fn is_glob(text: &str) -> bool {
    text.bytes().any(|b| matches!(b, b'*' | b'?' | b'[' | b'{'))
}

impl Globs {
    /// Compiles globs.
    ///
    /// # Errors
    /// Those of a glob.
    pub fn new<'a>(
        include: impl IntoIterator<Item = &'a str>,
        exclude: impl IntoIterator<Item = &'a str>,
    ) -> Result<Globs, globset::Error> {
        let glob = |text: &str| GlobBuilder::new(text).literal_separator(true).build();
        let include = include.into_iter().map(|text| {
            let plain = |c: &Component<'_>| !c.as_os_str().to_str().is_none_or(is_glob);
            let base: PathBuf = Path::new(text).components().take_while(plain).collect();
            Ok((base, glob(text)?.compile_matcher(), text.contains("**")))
        });
        let mut set = GlobSetBuilder::new();
        for text in exclude {
            set.add(glob(text)?);
        }
        Ok(Globs { include: include.collect::<Result<_, _>>()?, exclude: set.build()? })
    }

    /// The files that match now, by name. Folders that can't be read are passed by.
    pub fn expand(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for (base, glob, deep) in &self.include {
            let levels = if *deep { DEPTH } else { glob.glob().glob().matches('/').count() };
            self.walk(base, glob, levels, &mut found);
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found.dedup_by(|a, b| a.path == b.path);
        found
    }

    /// The folders that globs begin in.
    pub fn bases(&self) -> impl Iterator<Item = &Path> {
        self.include.iter().map(|(base, ..)| base.as_path())
    }

    /// The folders that files come and go in, and whether those below count.
    pub fn folders(&self) -> Vec<(PathBuf, bool)> {
        let folder = |(base, glob, deep): &(PathBuf, GlobMatcher, bool)| match base.is_dir() {
            true => {
                let below = Path::new(glob.glob().glob()).components().count() - base.components().count();
                (base.clone(), *deep || below > 1)
            }
            false => (base.parent().unwrap_or(Path::new("/")).to_path_buf(), false),
        };
        self.include.iter().map(folder).collect()
    }

    /// True for the path of a file that is read.
    pub fn names(&self, path: &Path) -> bool {
        self.include.iter().any(|(_, glob, _)| glob.is_match(path)) && !self.exclude.is_match(path)
    }

    fn walk(&self, path: &Path, glob: &GlobMatcher, levels: usize, found: &mut Vec<Found>) {
        let Ok(meta) = std::fs::metadata(path) else { return };
        if meta.is_dir() {
            if levels > 0 {
                let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
                for entry in entries {
                    self.walk(&entry.path(), glob, levels - 1, found);
                }
            }
        } else if meta.is_file() && glob.is_match(path) && !self.exclude.is_match(path) && path.to_str().is_some() {
            found.push(Found { path: path.into(), meta });
        }
    }
}

/// Files that rotation may have made of `path`: its name and a suffix, in the same folder.
pub fn siblings(path: &Path) -> Vec<Found> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|n| n.to_str())) else { return Vec::new() };
    // `access.log` becomes `access.log.1` or `access-20260101.log`.
    let stem = name.split_once('.').map_or(name, |(stem, _)| stem);
    let sibling = |n: &str| {
        n != name
            && (n.strip_prefix(name).is_some_and(|r| r.starts_with(['.', '-', '_']))
                || n.strip_prefix(stem).is_some_and(|r| r.starts_with(['-', '_', '.']) && dated(r)))
    };
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let named = entries.filter(|e| e.file_name().to_str().is_some_and(sibling));
    let found =
        named.filter_map(|e| Some(Found { meta: e.metadata().ok().filter(Metadata::is_file)?, path: e.path() }));
    found.collect()
}

/// True for a suffix that holds a date or a number.
fn dated(suffix: &str) -> bool {
    suffix[1..].starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_and_siblings() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("a/b")).unwrap();
        for name in ["access.log", "access.log.1", "access.log.2.gz", "access-20260101.log", "error.log", "a/b/x.log"] {
            std::fs::write(at(name), b"x").unwrap();
        }
        let names = |include: &str, exclude: &str| -> Vec<String> {
            let (i, e) = (at(include).display().to_string(), at(exclude).display().to_string());
            let globs = Globs::new([i.as_str()], [e.as_str()]).unwrap();
            let strip = |f: Found| f.path.strip_prefix(dir.path()).unwrap().display().to_string();
            globs.expand().into_iter().map(strip).collect()
        };
        assert_eq!(names("*.log", "error*"), ["access-20260101.log", "access.log"]);
        assert_eq!(names("**/*.log", "a*"), ["a/b/x.log", "error.log"]);
        assert_eq!(names("access.log", "none"), ["access.log"]);
        let mut of: Vec<_> = siblings(&at("access.log")).into_iter().map(|f| f.path).collect();
        of.sort();
        assert_eq!(of, [at("access-20260101.log"), at("access.log.1"), at("access.log.2.gz")]);
    }
}
