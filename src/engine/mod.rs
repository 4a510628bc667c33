//! The hot loop: detect, decide, transform, tag. The only maker of [`Clean`].

mod action;
mod allow;
pub mod bridge;
mod clauses;
mod decide;
mod edit;
mod era;
mod explain;
mod fate;
mod judge;
mod place;
mod projection;
mod render;
mod session;
pub mod subject;
mod timeline;
mod views;
mod window;

pub use explain::Explained;
pub use views::Disclosed;

use crate::audit::{Tally, Timeline};
use crate::detect::Detector;
use crate::detect::custom::Custom;
use crate::detect::keys::Registry;
pub use crate::detect::positional::Format;
use crate::detect::positional::Layouts;
use crate::detect::scan::bits::Bits;
pub use crate::detect::sniffer::Sniffer;
use crate::detect::urls::Urls;
use crate::format::out::Out;
use crate::format::time::EventClock;
use crate::input::encoding::{Encoding, encode_with};
use crate::keys::Keyring;
use crate::model::{Block, Category, EntityId, well_known};
use crate::policy::Policy;
use crate::policy::lists::Lists;
use crate::rules::{RuleError, Ruleset};
use crate::tag::Tagger;
use crate::transform::lanes::Batch;
pub use action::READERS;
use allow::Allow;
use era::Era;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

pub use crate::detect::scan::Kernel as ScanKernel;
pub use crate::transform::lanes::Kernel as HashKernel;

/// Blocks of whole records are cut near this many bytes: scratch space then fits the second-level cache.
pub const MAX_BLOCK: usize = 64 << 10;
/// The largest block, and the largest window of an over-long record.
pub const MAX_WINDOW: usize = 256 << 10;

/// Where tags go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagMode {
    /// Into each record.
    Inline,
    /// To a side file, one line a record.
    Manifest,
    /// Nowhere.
    None,
}

/// What an engine is made of.
pub struct EngineConfig {
    /// Entities and keys.
    pub rules: Ruleset,
    /// What becomes of them.
    pub policy: Policy,
    /// Keys of all pseudonyms, by event time.
    pub key: Keyring,
    /// Where tags go.
    pub tag: TagMode,
    /// Machine code of the scanner.
    pub scan: ScanKernel,
    /// Machine code of the hashes.
    pub hash: HashKernel,
    /// Unix seconds that stand in for the event time of records that have none.
    pub ingest: i64,
}

/// Immutable and shared by all workers.
pub struct Engine {
    rules: Ruleset,
    /// Versions of the policy, the newest last.
    policies: Vec<Policy>,
    registry: Registry,
    layouts: Layouts,
    custom: Custom,
    /// Parts of URLs that the newest policy asks for.
    urls: Option<Urls>,
    allow: Allow,
    /// Stretches of event time, ascending; the first has no beginning.
    eras: Vec<Era>,
    /// Key of content fingerprints.
    fingerprint: Zeroizing<[u8; 32]>,
    /// Category of each entity.
    categories: Vec<Category>,
    /// What a finding of each entity adds to its record.
    marks: Vec<decide::Mark>,
    tag: TagMode,
    scan: ScanKernel,
    hash: HashKernel,
    ingest: i64,
    lists: Mutex<Arc<Lists>>,
    /// Bit set of the entities whose values tell an age.
    ages: u128,
    tellers: projection::Tellers,
    count_unparsed: bool,
}

impl Engine {
    /// Compiles everything that does not depend on input.
    ///
    /// # Errors
    /// Formats of the rules whose notation is wrong.
    pub fn new(cfg: EngineConfig) -> Result<Engine, Vec<RuleError>> {
        // What the newest policy says of URLs holds for all its versions.
        let needed = |e| match e {
            well_known::URL | well_known::PATH => cfg.policy.needs(e),
            e => cfg.policy.needs(e) || cfg.policy.older.iter().any(|p| p.needs(e)),
        };
        let registry = Registry::new(&cfg.rules.only_needed(needed));
        let layouts = Layouts::new(&cfg.rules, &registry);
        let custom = Custom::new(&cfg.rules);
        let allow = Allow::new(&cfg.rules);
        let (layouts, custom, allow) = match (layouts, custom, allow) {
            (Ok(l), Ok(c), Ok(a)) => (l, c, a),
            (l, c, a) => {
                let errors = [l.err(), c.err(), a.err()];
                return Err(errors.into_iter().flatten().flatten().collect());
            }
        };
        let ages = judge::ages(&cfg.rules);
        let urls = cfg.policy.def.urls.as_ref().map(|u| Urls::new(&u.query, u.route));
        let policies = era::versions(cfg.policy);
        let tellers = projection::Tellers::new(&cfg.rules, &policies);
        let eras = era::eras(&cfg.rules, &policies, &cfg.key);
        Ok(Engine {
            registry,
            layouts,
            custom,
            urls,
            allow,
            eras,
            fingerprint: cfg.key.fingerprint(),
            categories: cfg.rules.entities.iter().map(|e| e.category).collect(),
            marks: cfg.rules.entities.iter().map(|e| decide::Mark::new(e.id, e.category)).collect(),
            rules: cfg.rules,
            policies,
            tag: cfg.tag,
            scan: cfg.scan,
            hash: cfg.hash,
            ingest: cfg.ingest,
            lists: Mutex::default(),
            ages,
            tellers,
            count_unparsed: false,
        })
    }

    /// Makes workers count the records that don't have the format of their stream ([`Tally::unparsed`]). That costs a
    /// look at every field of every record.
    #[must_use]
    pub fn counting_unparsed(mut self, count: bool) -> Engine {
        self.count_unparsed = count;
        self
    }

    /// Entities and keys in force.
    pub fn rules(&self) -> &Ruleset {
        &self.rules
    }

    /// False for entities that are not looked for: they say little by themselves, and no policy changes or shows them.
    pub fn looks_for(&self, entity: EntityId) -> bool {
        !self.rules.entity(entity).weak || self.policies.iter().any(|p| p.needs(entity))
    }

    /// The newest policy.
    pub fn policy(&self) -> &Policy {
        &self.policies[self.policies.len() - 1]
    }

    /// True when records must be handled in one order by one worker: sessions are remembered.
    pub fn is_sequential(&self) -> bool {
        self.policies.iter().any(|p| p.linkage.as_ref().is_some_and(|l| l.sessions != 0))
    }

    /// Sets the lists of subjects; workers follow with their next block.
    pub fn set_lists(&self, lists: Lists) {
        *self.lists.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(lists);
    }

    fn lists(&self) -> Arc<Lists> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Taggers of all eras and views, in the order of [`Engine::tagger_of`].
    fn taggers(&self) -> Vec<Tagger<'_>> {
        let cases = self.lists().cases.clone();
        let of = |e: &Era| {
            let (policy, kid, cases) = (&self.policies[e.policy], e.kid.clone(), &cases);
            let to = self.policy().views.iter().map(|v| v.recipient.as_ref().map(|r| r.id.as_str()));
            let tagger = move |to| {
                let mut t = Tagger::new(policy, &self.rules, &kid, to);
                t.set_cases(cases);
                t
            };
            to.map(tagger).collect::<Vec<_>>()
        };
        self.eras.iter().flat_map(of).collect()
    }

    /// The same engine with another time for records without one.
    pub fn with_ingest(mut self, ingest: i64) -> Engine {
        self.ingest = ingest;
        self
    }

    /// Unix seconds that stand in for the event time of records that have none.
    pub fn ingest(&self) -> i64 {
        self.ingest
    }

    /// Public name of the newest key.
    pub fn kid(&self) -> &str {
        &self.eras[self.eras.len() - 1].kid
    }

    /// Key of content fingerprints: a digest of a file of one identifier must not be a table look-up away from it.
    pub fn fingerprint_key(&self) -> Zeroizing<[u8; 32]> {
        self.fingerprint.clone()
    }

    /// Formats that records may have.
    pub fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    /// Decides the format of one stream; a `fixed` one is not questioned.
    pub fn sniffer(&self, fixed: Option<Format>) -> Sniffer<'_> {
        Sniffer::new(&self.layouts, &self.registry, fixed)
    }

    /// One thread's scratch space.
    pub fn worker(&self) -> Worker<'_> {
        let mut detector = Detector::new(&self.registry, &self.layouts, &self.custom, self.scan);
        detector.count_unparsed(self.count_unparsed);
        detector.look_for_urls(self.urls.as_ref());
        Worker {
            engine: self,
            detector,
            batch: Batch::new(self.hash),
            taggers: self.taggers(),
            bits: Bits::detect(),
            view: 0,
            lists: self.lists(),
            sessions: session::Sessions::new(self.policy()),
            judged: Vec::new(),
            told: Vec::new(),
            picks: Vec::new(),
            disclosed: vec![Disclosed::default(); self.policy().views.len()],
            edits: Vec::new(),
            founds: Vec::new(),
            inner: Vec::new(),
            blob: Vec::new(),
            clock: EventClock::default(),
            dated: None,
            canon: Default::default(),
            encoded: Vec::new(),
            replacement: Vec::new(),
            written: Vec::new(),
            out: Out::default(),
            manifest: Vec::new(),
            entries: Vec::new(),
            swallow: None,
            format: Format::Text,
            tag: self.tag,
            tally: Tally::default(),
            by_clause: None,
        }
    }
}

/// One thread's scratch space. Holds values of the block in work only.
pub struct Worker<'e> {
    engine: &'e Engine,
    detector: Detector<'e>,
    batch: Batch,
    /// One for each era and view.
    taggers: Vec<Tagger<'e>>,
    /// How the hot loops are built.
    bits: Bits,
    /// The output in work.
    view: usize,
    lists: Arc<Lists>,
    sessions: session::Sessions,
    /// What lists and rules say of the block's records, kept from the main output for the views.
    judged: Vec<judge::Judged>,
    /// What records tell of themselves, where a view asked.
    told: Vec<Option<projection::Told>>,
    /// Fields of a record that a view shows: place and edit.
    picks: Vec<(u8, u32)>,
    /// What each view disclosed.
    disclosed: Vec<Disclosed>,
    edits: Vec<edit::Edit>,
    founds: Vec<edit::Found>,
    /// Edits inside runs of base64.
    inner: Vec<edit::Edit>,
    /// The text of a run of base64 as it is rewritten.
    blob: Vec<u8>,
    clock: EventClock,
    /// What follows from the time of the last event.
    dated: Option<era::Dated>,
    canon: crate::transform::canonical::CanonBuf,
    encoded: Vec<u8>,
    replacement: Vec<u8>,
    written: Vec<u8>,
    out: Out,
    manifest: Vec<u8>,
    entries: Vec<Entry>,
    /// An over-long value runs on into the next window: its end is looked for.
    swallow: Option<window::Swallow>,
    format: Format,
    tag: TagMode,
    tally: Tally,
    by_clause: Option<clauses::ByClause>,
}

/// De-identified bytes. Only the engine makes them, and a sink takes nothing else.
pub struct Clean<'w> {
    bytes: &'w [u8],
    manifest: &'w [u8],
    entries: &'w [Entry],
    consumed: usize,
}

/// The tag of one record, for the manifest.
#[derive(Clone, Debug)]
struct Entry {
    offset: usize,
    tag: std::ops::Range<usize>,
}

impl<'w> Clean<'w> {
    /// What may be written.
    pub fn bytes(&self) -> &'w [u8] {
        self.bytes
    }
    /// Where each record begins in these bytes, and its tag as a JSON object; for [`TagMode::Manifest`].
    pub fn manifest(&self) -> impl Iterator<Item = (usize, &'w [u8])> + use<'w> {
        let manifest = self.manifest;
        self.entries.iter().map(move |e| (e.offset, &manifest[e.tag.clone()]))
    }
    /// Bytes of the block whose output is complete, its context included.
    pub fn consumed(&self) -> usize {
        self.consumed
    }
}

/// De-identified bytes of several blocks, owned, to travel between threads.
#[derive(Default)]
pub struct CleanBuf {
    bytes: Vec<u8>,
    manifest: Vec<u8>,
    entries: Vec<Entry>,
}

impl CleanBuf {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.manifest.clear();
        self.entries.clear();
    }

    /// Appends what a worker made.
    pub fn push(&mut self, clean: &Clean<'_>) {
        let (at, tag) = (self.bytes.len(), self.manifest.len());
        self.bytes.extend_from_slice(clean.bytes);
        self.manifest.extend_from_slice(clean.manifest);
        self.entries.extend(
            clean.entries.iter().map(|e| Entry { offset: e.offset + at, tag: e.tag.start + tag..e.tag.end + tag }),
        );
    }

    /// Translates the bytes, and the places of records with them, into the encoding that the blocks came in.
    pub fn encode_as(&mut self, encoding: Encoding) {
        let text = zeroize::Zeroizing::new(std::mem::take(&mut self.bytes));
        encode_with(&text, encoding, &mut self.bytes, self.entries.iter_mut().map(|e| &mut e.offset));
    }

    /// All of it, for a sink.
    pub fn clean(&self) -> Clean<'_> {
        Clean { bytes: &self.bytes, manifest: &self.manifest, entries: &self.entries, consumed: 0 }
    }
}

impl Worker<'_> {
    /// Sets the format of the stream that the next blocks come from.
    pub fn set_format(&mut self, format: Format) {
        self.format = format;
    }

    /// De-identifies a block.
    pub fn rewrite<'w>(&'w mut self, block: Block<'_>) -> Clean<'w> {
        self.begin(0);
        let consumed = match block.window {
            None => {
                self.detector.run(block.bytes, self.format);
                self.tally.unparsed += self.detector.unparsed();
                self.decide(block.bytes, 0, block.bytes.len());
                self.write_records(block.bytes);
                block.bytes.len()
            }
            Some(w) => self.rewrite_window(block.bytes, w),
        };
        self.tally.bytes_out += self.out.len() as u64;
        Clean { bytes: self.out.bytes(), manifest: &self.manifest, entries: &self.entries, consumed }
    }

    /// Begins the output of a view of the next block.
    fn begin(&mut self, view: usize) {
        self.view = view;
        self.out.clear();
        self.manifest.clear();
        self.entries.clear();
        if view == 0 {
            self.told.clear();
            self.follow_lists();
        }
    }

    /// Counts since the worker was made or they were last taken.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Asks for counts of what tags say.
    #[must_use]
    pub fn counting_tags(mut self) -> Self {
        self.taggers.iter_mut().for_each(Tagger::count);
        self
    }

    /// Counts since the last call, and what the tags of these records said when that is counted.
    pub fn take_counts(&mut self) -> (Tally, Timeline) {
        let mut timeline = Timeline::default();
        let views = self.engine.policy().views.len();
        for (era, tagger) in self.engine.eras.iter().zip(self.taggers.iter_mut().step_by(views)) {
            let policy = &self.engine.policies[era.policy];
            timeline.merge(timeline::of(tagger.take_seen(), policy, &self.engine.rules));
        }
        (std::mem::take(&mut self.tally), timeline)
    }

    /// De-identifies a name, such as that of a file: no tag, no counts.
    pub fn rewrite_name(&mut self, name: &[u8]) -> Vec<u8> {
        let (tag, format) = (self.tag, self.format);
        let tally = self.tally.clone();
        (self.tag, self.format) = (TagMode::None, Format::Text);
        let clean = self.rewrite(Block::records(name)).bytes().to_vec();
        (self.tag, self.format, self.tally) = (tag, format, tally);
        clean
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.replacement.zeroize();
        self.encoded.zeroize();
        self.blob.zeroize();
        self.written.zeroize();
    }
}
