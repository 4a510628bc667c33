//! Sockets: addresses as the configuration writes them, made here or handed over by systemd.

use super::super::config::Address;
use super::drops::Drops;
use listenfd::ListenFd;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UdpSocket, UnixDatagram, UnixListener};

/// Connections that wait to be accepted; the system may have a lower limit.
const BACKLOG: i32 = 4096;

/// The sockets of systemd, each of which is taken once.
fn handed() -> &'static Mutex<ListenFd> {
    static HANDED: OnceLock<Mutex<ListenFd>> = OnceLock::new();
    HANDED.get_or_init(|| Mutex::new(ListenFd::from_env()))
}

fn take<T>(n: usize, get: impl FnOnce(&mut ListenFd) -> io::Result<Option<T>>) -> io::Result<T> {
    let mut fds = handed().lock().map_err(|_| io::Error::other("sockets of systemd"))?;
    get(&mut fds)?.ok_or_else(|| io::Error::other(format!("systemd handed no socket number {n}")))
}

/// Anything that two sides talk over.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A listener for streams.
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Listener {
    /// Listens.
    ///
    /// # Errors
    /// Those of the address.
    pub fn bind(address: &Address, mode: u32) -> io::Result<Listener> {
        match address {
            Address::Net(text) => {
                let listener = std::net::TcpListener::bind(text)?;
                // A longer queue than the standard library's: a crowd of clients must not wait for lost SYNs.
                rustix::net::listen(&listener, BACKLOG)?;
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Listener::Tcp)
            }
            Address::Path(path) => {
                unlink(path)?;
                let listener = UnixListener::bind(path)?;
                permit(path, mode)?;
                Ok(Listener::Unix(listener))
            }
            Address::Handed(n) => match take(*n, |fds| fds.take_tcp_listener(*n)) {
                Ok(tcp) => {
                    tcp.set_nonblocking(true)?;
                    TcpListener::from_std(tcp).map(Listener::Tcp)
                }
                Err(_) => {
                    let unix = take(*n, |fds| fds.take_unix_listener(*n))?;
                    unix.set_nonblocking(true)?;
                    UnixListener::from_std(unix).map(Listener::Unix)
                }
            },
        }
    }

    /// The next connection.
    ///
    /// # Errors
    /// Those of the system, such as too many open files.
    pub async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Listener::Tcp(l) => {
                let (stream, _) = l.accept().await?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
            Listener::Unix(l) => Box::new(l.accept().await?.0),
        })
    }
}

/// A socket for datagrams.
pub enum Datagrams {
    /// UDP.
    Udp(UdpSocket),
    /// A Unix socket.
    Unix(UnixDatagram),
}

impl Datagrams {
    /// Binds, with a large receive buffer: what the kernel can't hold is lost without a word.
    ///
    /// # Errors
    /// Those of the address.
    pub fn bind(address: &Address, mode: u32, buffer: usize) -> io::Result<Datagrams> {
        let socket = match address {
            Address::Net(text) => {
                let socket = std::net::UdpSocket::bind(text)?;
                socket.set_nonblocking(true)?;
                Datagrams::Udp(UdpSocket::from_std(socket)?)
            }
            Address::Path(path) => {
                unlink(path)?;
                let socket = UnixDatagram::bind(path)?;
                permit(path, mode)?;
                Datagrams::Unix(socket)
            }
            Address::Handed(n) => match take(*n, |fds| fds.take_udp_socket(*n)) {
                Ok(udp) => {
                    udp.set_nonblocking(true)?;
                    Datagrams::Udp(UdpSocket::from_std(udp)?)
                }
                Err(_) => {
                    let unix = take(*n, |fds| fds.take_unix_datagram(*n))?;
                    unix.set_nonblocking(true)?;
                    Datagrams::Unix(UnixDatagram::from_std(unix)?)
                }
            },
        };
        let fd = match &socket {
            Datagrams::Udp(s) => s.as_fd(),
            Datagrams::Unix(s) => s.as_fd(),
        };
        use rustix::net::sockopt::{
            set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, socket_recv_buffer_size,
        };
        if set_socket_recv_buffer_size_force(fd, buffer).is_err() {
            set_socket_recv_buffer_size(fd, buffer)?;
        }
        let got = socket_recv_buffer_size(fd)?;
        if got < buffer {
            tracing::warn!("a receive buffer of {got} bytes instead of {buffer}; raise net.core.rmem_max");
        }
        Ok(socket)
    }

    /// The kernel's count of datagrams that it dropped here. The sender of a Unix datagram waits instead.
    pub fn drops(&self) -> Option<Drops> {
        match self {
            Datagrams::Udp(s) => Drops::of(s).ok().flatten(),
            Datagrams::Unix(_) => None,
        }
    }

    /// Waits for a datagram.
    ///
    /// # Errors
    /// Those of the socket.
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Datagrams::Udp(s) => s.readable().await,
            Datagrams::Unix(s) => s.readable().await,
        }
    }

    /// A datagram that is there.
    ///
    /// # Errors
    /// `WouldBlock` when there is none, and those of the socket.
    pub fn try_recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Datagrams::Udp(s) => s.try_recv(buf),
            Datagrams::Unix(s) => s.try_recv(buf),
        }
    }
}

/// Removes a socket that nobody serves any more.
fn unlink(path: &Path) -> io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(m) if m.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "a file that is no socket stands there; remove it")),
        Err(_) => Ok(()),
    }
}

fn permit(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}
