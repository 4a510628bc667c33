//! Sources and sinks of the network, as `logveil.toml` writes them.

use super::{Route, Tags, auto};
use crate::sidecar::units::{Size, Span};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use toml::Spanned;

/// Where a socket is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Host and port.
    Net(String),
    /// A Unix socket.
    Path(PathBuf),
    /// The n-th socket that systemd hands over.
    Handed(usize),
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Address, D::Error> {
        let text = String::deserialize(d)?;
        let port = |t: &str| t.rsplit_once(':').is_some_and(|(h, p)| !h.is_empty() && p.parse::<u16>().is_ok());
        match text.strip_prefix("systemd:") {
            Some(n) => n.parse().map(Address::Handed).ok(),
            None if text.starts_with('/') => Some(Address::Path(text.into())),
            None => port(&text).then_some(Address::Net(text)),
        }
        .ok_or_else(|| {
            serde::de::Error::custom("no address; write 127.0.0.1:5514, [::1]:5514, /run/a.sock or systemd:0")
        })
    }
}

/// How syslog travels.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Datagrams over UDP.
    Udp,
    /// A stream over TCP.
    Tcp,
    /// A stream over TLS.
    Tls,
    /// A stream over a Unix socket.
    Unix,
    /// Datagrams over a Unix socket.
    Unixgram,
}

/// Syslog that comes in.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SyslogSource {
    /// How it travels.
    pub transport: Transport,
    /// Where it comes in.
    pub address: Address,
    /// Records keep their syslog header.
    #[serde(default)]
    pub keep_header: bool,
    /// Longest message.
    #[serde(default = "message")]
    pub max_message: Size,
    /// Receive buffer of datagrams.
    #[serde(default = "receive")]
    pub receive_buffer: Size,
    /// Most connections at once.
    #[serde(default = "connections")]
    pub max_connections: usize,
    /// A connection without news is closed after this.
    #[serde(default = "idle")]
    pub idle: Span,
    /// Mode of a Unix socket.
    #[serde(default = "socket_mode", deserialize_with = "octal")]
    pub socket_mode: u32,
    /// Certificate chain (PEM), for TLS.
    pub cert: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// Clients must show a certificate of this authority (PEM).
    pub client_ca: Option<PathBuf>,
    /// Format of the records.
    #[serde(default = "auto")]
    pub format: Spanned<String>,
}

/// Records over HTTP that come in.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct HttpSource {
    /// Where they come in.
    pub address: Address,
    /// Largest body, compressed or not.
    #[serde(default = "body")]
    pub max_body: Size,
    /// Most connections at once.
    #[serde(default = "connections")]
    pub max_connections: usize,
    /// Longest time for a body.
    #[serde(default = "half_minute")]
    pub timeout: Span,
    /// Mode of a Unix socket.
    #[serde(default = "socket_mode", deserialize_with = "octal")]
    pub socket_mode: u32,
    /// Certificate chain (PEM), for TLS.
    pub cert: Option<PathBuf>,
    /// Its private key (PEM).
    pub key: Option<PathBuf>,
    /// Format of the records.
    #[serde(default = "auto")]
    pub format: Spanned<String>,
}

/// Lines of standard input or a FIFO.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StreamSource {
    /// The FIFO; `-` is standard input.
    pub path: PathBuf,
    /// Longest record.
    #[serde(default = "record")]
    pub max_record: Size,
    /// Format of the records.
    #[serde(default = "auto")]
    pub format: Spanned<String>,
}

/// A server that takes POST requests.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct HttpSink {
    /// Names of sources; all of them when it is missing.
    pub inputs: Option<Vec<Spanned<String>>>,
    /// Another policy than the engine's: what this reader may see.
    pub policy: Option<String>,
    /// Another place for tags than the engine's.
    pub tag: Option<Tags>,
    /// A recipient of the policy, whose view is written instead of the main output.
    pub view: Option<String>,
    /// Where the readers are; the policy's own region, or the recipient's, when it is missing.
    pub region: Option<String>,
    /// Reference to the separate consent to a transfer abroad.
    pub consent: Option<String>,
    /// Where to.
    pub url: Target,
    /// Trusted authority (PEM); the system's when it is missing.
    pub ca: Option<PathBuf>,
    /// More headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// File of a bearer token.
    pub bearer_file: Option<PathBuf>,
    /// What bodies are.
    #[serde(default = "ndjson")]
    pub content_type: String,
    /// Longest wait for an answer.
    #[serde(default = "half_minute")]
    pub timeout: Span,
    /// Size of a body.
    #[serde(default = "batch")]
    pub batch: Size,
    /// Longest wait after a failure.
    #[serde(default = "half_minute")]
    pub max_wait: Span,
    /// Most bytes of the disk buffer.
    #[serde(default = "disk")]
    pub buffer: Size,
}

/// A server of syslog.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct SyslogSink {
    /// Names of sources; all of them when it is missing.
    pub inputs: Option<Vec<Spanned<String>>>,
    /// Another policy than the engine's: what this reader may see.
    pub policy: Option<String>,
    /// Another place for tags than the engine's.
    pub tag: Option<Tags>,
    /// A recipient of the policy, whose view is written instead of the main output.
    pub view: Option<String>,
    /// Where the readers are; the policy's own region, or the recipient's, when it is missing.
    pub region: Option<String>,
    /// Reference to the separate consent to a transfer abroad.
    pub consent: Option<String>,
    /// How it travels.
    pub transport: Transport,
    /// Where to.
    pub address: Address,
    /// Trusted authority (PEM), for TLS.
    pub ca: Option<PathBuf>,
    /// Facility, 0 to 23.
    #[serde(default = "local7")]
    pub facility: u8,
    /// Name of this host; the system's when it is missing.
    pub hostname: Option<String>,
    /// Name of the application.
    #[serde(default = "logveil")]
    pub app_name: String,
    /// Longest wait after a failure.
    #[serde(default = "half_minute")]
    pub max_wait: Span,
    /// Most bytes of the disk buffer.
    #[serde(default = "disk")]
    pub buffer: Size,
}

macro_rules! route {
    ($($t:ty),*) => {$(
        impl $t {
            /// What every sink says.
            pub fn route(&self) -> Route {
                Route {
                    inputs: self.inputs.clone(),
                    policy: self.policy.clone(),
                    tag: self.tag,
                    view: self.view.clone(),
                    region: self.region.clone(),
                    consent: self.consent.clone(),
                    partitions: false,
                }
            }
        }
    )*};
}
route!(HttpSink, SyslogSink, super::FileSink, super::StdoutSink);

/// An `http:` or `https:` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// It is `https:`.
    pub tls: bool,
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Host and port as they are written.
    pub authority: String,
    /// Path and query.
    pub path: String,
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Target, D::Error> {
        let text = String::deserialize(d)?;
        let parse = || {
            let uri: hyper::Uri = text.parse().ok()?;
            let tls = match uri.scheme_str()? {
                "http" => false,
                "https" => true,
                _ => return None,
            };
            let authority = uri.authority().filter(|a| !a.as_str().contains('@'))?;
            Some(Target {
                tls,
                host: authority.host().trim_matches(['[', ']']).into(),
                port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
                authority: authority.as_str().into(),
                path: uri.path_and_query().map_or("/", |p| p.as_str()).into(),
            })
        };
        parse().ok_or_else(|| serde::de::Error::custom("no address; write http://host:port/path or https://..."))
    }
}

fn octal<'de, D: Deserializer<'de>>(d: D) -> Result<u32, D::Error> {
    let text = String::deserialize(d)?;
    let mode = u32::from_str_radix(&text, 8).ok().filter(|m| *m <= 0o777);
    mode.ok_or_else(|| serde::de::Error::custom("no file mode; write three octal digits such as \"0660\""))
}

fn message() -> Size {
    Size(64 << 10)
}
fn receive() -> Size {
    Size(16 << 20)
}
fn connections() -> usize {
    512
}
fn idle() -> Span {
    Span::seconds(300)
}
fn socket_mode() -> u32 {
    0o660
}
fn body() -> Size {
    Size(2 << 20)
}
fn half_minute() -> Span {
    Span::seconds(30)
}
fn record() -> Size {
    Size(1 << 20)
}
fn ndjson() -> String {
    "application/x-ndjson".into()
}
fn batch() -> Size {
    Size(512 << 10)
}
fn disk() -> Size {
    Size(256 << 20)
}
fn local7() -> u8 {
    23
}
fn logveil() -> String {
    "logveil".into()
}
