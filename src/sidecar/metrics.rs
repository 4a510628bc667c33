//! Counts for Prometheus. Labels are names of the configuration and of entities, never a value.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Names and values.
pub type Labels = Vec<(&'static str, String)>;

/// Labels of one place.
pub fn label(name: &'static str, value: &str) -> Labels {
    vec![(name, value.into())]
}

/// Labels of two places.
pub fn labels(a: (&'static str, &str), b: (&'static str, &str)) -> Labels {
    vec![(a.0, a.1.into()), (b.0, b.1.into())]
}

/// All counts of the process.
pub struct Metrics {
    registry: Registry,
    /// Records read, by sink.
    pub records: Family<Labels, Counter>,
    /// Raw bytes read, by sink.
    pub bytes_in: Family<Labels, Counter>,
    /// De-identified bytes written, by sink.
    pub bytes_out: Family<Labels, Counter>,
    /// Findings, by sink, entity and the clause that decided.
    pub findings: Family<Labels, Counter>,
    /// Values and records that were suppressed because nothing better could be done, by sink and what.
    pub suppressed: Family<Labels, Counter>,
    /// Input that was refused, by source and reason.
    pub refused: Family<Labels, Counter>,
    /// Datagrams that the kernel dropped because the receive buffer was full, by source.
    pub drops: Family<Labels, Counter>,
    /// Failed writes that are tried again, by sink.
    pub sink_errors: Family<Labels, Counter>,
    /// Bytes that wait in files, by sink.
    pub lag: Family<Labels, Gauge>,
    /// Bytes of files that were cut before they were read, by sink.
    pub lost: Family<Labels, Gauge>,
    /// De-identified bytes in disk buffers, by sink.
    pub buffered: Family<Labels, Gauge>,
    /// Damaged records of disk buffers, by sink.
    pub damaged: Family<Labels, Counter>,
    /// Blocks in dead-letter files, by sink and reason.
    pub dead: Family<Labels, Counter>,
    /// Records that the other side took, by sink.
    pub delivered: Family<Labels, Counter>,
    /// 1 while so many sends failed in a row that only one block at a time is tried, by sink.
    pub circuit: Family<Labels, Gauge>,
    /// Reloads, by result.
    pub reloads: Family<Labels, Counter>,
    /// Seconds from receipt to the sink, by sink.
    pub latency: Family<Labels, Histogram, fn() -> Histogram>,
}

fn histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.0001, 2.0, 18))
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut m = Metrics {
            registry: Registry::with_prefix("logveil"),
            records: Family::default(),
            bytes_in: Family::default(),
            bytes_out: Family::default(),
            findings: Family::default(),
            suppressed: Family::default(),
            refused: Family::default(),
            drops: Family::default(),
            sink_errors: Family::default(),
            lag: Family::default(),
            lost: Family::default(),
            buffered: Family::default(),
            damaged: Family::default(),
            dead: Family::default(),
            delivered: Family::default(),
            circuit: Family::default(),
            reloads: Family::default(),
            latency: Family::new_with_constructor(histogram),
        };
        let r = &mut m.registry;
        r.register("records", "Records read", m.records.clone());
        r.register("bytes_in", "Raw bytes read", m.bytes_in.clone());
        r.register("bytes_out", "De-identified bytes written", m.bytes_out.clone());
        r.register("findings", "Findings by entity and clause", m.findings.clone());
        r.register("suppressed", "Values and records suppressed", m.suppressed.clone());
        r.register("refused", "Input refused", m.refused.clone());
        r.register("receive_drops", "Datagrams that the kernel dropped", m.drops.clone());
        r.register("sink_errors", "Failed writes, tried again", m.sink_errors.clone());
        r.register("lag_bytes", "Bytes that wait in files", m.lag.clone());
        r.register("lost_bytes", "Bytes of files that were cut before they were read", m.lost.clone());
        r.register("buffer_bytes", "De-identified bytes in the disk buffer", m.buffered.clone());
        r.register("buffer_damaged", "Damaged records of the disk buffer", m.damaged.clone());
        r.register("dead_letters", "Blocks in the dead-letter file", m.dead.clone());
        r.register("delivered", "Records that the other side took", m.delivered.clone());
        r.register("circuit_open", "1 while sends fail in a row", m.circuit.clone());
        r.register("reloads", "Reloads by result", m.reloads.clone());
        r.register("latency_seconds", "Receipt to sink", m.latency.clone());
        m
    }
}

impl Metrics {
    /// The page of `/metrics` (OpenMetrics text).
    pub fn page(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
