//! Records as syslog messages (RFC 5424): octet-counted over streams (RFC 6587), one a datagram otherwise. Syslog has no
//! acknowledgement: a record counts as taken when the system took it.

use super::super::buffer::Buffered;
use super::super::config::{Address, SyslogSink, Transport};
use super::super::source::socket::Stream;
use super::super::tls;
use super::{Outcome, Remote};
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io::{self, ErrorKind, Write};
use std::pin::Pin;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, UnixStream};
use tokio_rustls::TlsConnector;

/// Longest wait for a connection or a write.
const PATIENCE: Duration = Duration::from_secs(10);

enum Way {
    Stream(Box<dyn Stream>),
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

/// A server of syslog.
pub struct SyslogRemote {
    config: SyslogSink,
    tls: Option<TlsConnector>,
    host: String,
    way: Option<Way>,
}

impl SyslogRemote {
    /// Reads what the configuration names; connects later.
    ///
    /// # Errors
    /// Those of certificates.
    pub fn new(config: &SyslogSink) -> io::Result<SyslogRemote> {
        let tls = (config.transport == Transport::Tls).then(|| tls::connector(config.ca.as_deref())).transpose()?;
        let host = match &config.hostname {
            Some(name) => name.clone(),
            None => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        };
        Ok(SyslogRemote { config: config.clone(), tls, host, way: None })
    }

    async fn connect(&mut self) -> io::Result<&mut Way> {
        if let Some(Way::Stream(stream)) = &mut self.way {
            // A server that went away is noticed before records are given to a dead connection.
            let mut byte = [0];
            let read = tokio::time::timeout(Duration::from_millis(0), stream.read(&mut byte)).await;
            if matches!(read, Ok(Ok(0) | Err(_))) {
                self.way = None;
            }
        }
        if self.way.is_none() {
            let wrong = || io::Error::other("the address does not fit the transport");
            self.way = Some(match (self.config.transport, &self.config.address) {
                (Transport::Tcp, Address::Net(to)) => Way::Stream(Box::new(TcpStream::connect(to).await?)),
                (Transport::Tls, Address::Net(to)) => {
                    let name = to.rsplit_once(':').map_or(to.as_str(), |(host, _)| host);
                    let name =
                        ServerName::try_from(name.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
                    let tls = self.tls.as_ref().ok_or_else(wrong)?;
                    Way::Stream(Box::new(tls.connect(name, TcpStream::connect(to).await?).await?))
                }
                (Transport::Unix, Address::Path(path)) => Way::Stream(Box::new(UnixStream::connect(path).await?)),
                (Transport::Udp, Address::Net(to)) => {
                    let any = if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
                    let socket = UdpSocket::bind(any).await?;
                    socket.connect(to).await?;
                    Way::Udp(socket)
                }
                (Transport::Unixgram, Address::Path(path)) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.connect(path)?;
                    Way::Unix(socket)
                }
                _ => return Err(wrong()),
            });
        }
        self.way.as_mut().ok_or_else(|| io::Error::other("no connection"))
    }

    /// Sends every message; false when one was longer than a datagram, which never gets through.
    async fn write(&mut self, batch: &[Buffered]) -> io::Result<bool> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
        let priority = u32::from(self.config.facility.min(23)) * 8 + 6;
        let head = format!("<{priority}>1 {now} {} {} - - - ", self.host, self.config.app_name);
        let lines = || {
            let records = batch.iter().flat_map(|r| r.bytes().split(|b| *b == b'\n'));
            records.filter(|l| !l.is_empty())
        };
        let mut fit = true;
        match self.connect().await? {
            Way::Stream(stream) => {
                let mut out = Vec::new();
                for line in lines() {
                    write!(out, "{} {head}", head.len() + line.len())?;
                    out.extend_from_slice(line);
                }
                stream.write_all(&out).await?;
                stream.flush().await?;
            }
            Way::Udp(socket) => {
                for line in lines() {
                    fit &= fits(socket.send(&[head.as_bytes(), line].concat()).await)?;
                }
            }
            Way::Unix(socket) => {
                for line in lines() {
                    fit &= fits(socket.send(&[head.as_bytes(), line].concat()).await)?;
                }
            }
        }
        Ok(fit)
    }
}

/// False for a datagram that is too long.
fn fits(sent: io::Result<usize>) -> io::Result<bool> {
    match sent {
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::MSGSIZE.raw_os_error()) => Ok(false),
        other => other.map(|_| true),
    }
}

impl Remote for SyslogRemote {
    fn send<'a>(&'a mut self, batch: &'a [Buffered]) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            let sent = tokio::time::timeout(PATIENCE, self.write(batch)).await;
            match sent.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())) {
                Ok(true) => Outcome::Taken,
                Ok(false) => Outcome::Refused("a message is longer than a datagram".into()),
                Err(e) => {
                    self.way = None;
                    Outcome::Later(e.to_string())
                }
            }
        })
    }
}
