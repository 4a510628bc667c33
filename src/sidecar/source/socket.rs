//! Sockets: addresses as the configuration writes them, made here or handed over by systemd.

use super::super::config::Address;
use super::drops::Drops;
use listenfd::ListenFd;
use nix::sys::socket::{MsgFlags, MultiHeaders, recvmmsg};
use rustix::net::sockopt::{
    Timeout, set_socket_recv_buffer_size, set_socket_recv_buffer_size_force, set_socket_timeout,
    socket_recv_buffer_size,
};
use std::io::{self, ErrorKind, IoSliceMut};
use std::net::UdpSocket;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use zeroize::Zeroizing;

/// Connections that wait to be accepted; the system may have a lower limit.
const BACKLOG: i32 = 4096;
/// Most datagrams of one call.
const SLOTS: usize = 64;
/// Bytes that are kept for them.
const SLOTS_BYTES: usize = 2 << 20;
/// Longest wait for a datagram in one call.
const LOOK: Duration = Duration::from_millis(100);

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

/// A socket for datagrams, read by a thread of its own: a runtime would be woken for each of them.
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
            Address::Net(text) => Datagrams::Udp(UdpSocket::bind(text)?),
            Address::Path(path) => {
                unlink(path)?;
                let socket = UnixDatagram::bind(path)?;
                permit(path, mode)?;
                Datagrams::Unix(socket)
            }
            Address::Handed(n) => match take(*n, |fds| fds.take_udp_socket(*n)) {
                Ok(udp) => Datagrams::Udp(udp),
                Err(_) => Datagrams::Unix(take(*n, |fds| fds.take_unix_datagram(*n))?),
            },
        };
        let fd = socket.as_fd();
        // systemd may hand over one that does not wait.
        rustix::io::ioctl_fionbio(fd, false)?;
        set_socket_timeout(fd, Timeout::Recv, Some(LOOK))?;
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

    /// True when senders wait for the reader, after some datagrams already.
    pub fn waits(&self) -> bool {
        matches!(self, Datagrams::Unix(_))
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Datagrams::Udp(s) => s.as_fd(),
            Datagrams::Unix(s) => s.as_fd(),
        }
    }

    /// Takes datagrams with one call to the kernel, as many as there are slots; true when there may be more. `wait`: a little
    /// while for the first one. A datagram that fills its slot may have been longer.
    ///
    /// # Errors
    /// `WouldBlock` when there is none, and those of the socket.
    pub fn receive(&self, slots: &mut Slots, wait: bool, take: &mut dyn FnMut(&[u8])) -> io::Result<bool> {
        let flags = if wait { MsgFlags::MSG_WAITFORONE } else { MsgFlags::MSG_DONTWAIT };
        let mut buffers: Vec<_> = slots.bytes.chunks_exact_mut(slots.size).map(|s| [IoSliceMut::new(s)]).collect();
        let count = buffers.len();
        let mut headers = MultiHeaders::<()>::preallocate(count, None);
        let got = recvmmsg(self.as_fd().as_raw_fd(), &mut headers, buffers.iter_mut(), flags, None)?;
        let lengths: Vec<_> = got.map(|m| m.bytes).collect();
        lengths.iter().zip(slots.bytes.chunks_exact(slots.size)).for_each(|(n, slot)| take(&slot[..*n]));
        Ok(lengths.len() == count)
    }
}

/// Where datagrams of one call go.
pub struct Slots {
    bytes: Zeroizing<Vec<u8>>,
    /// Bytes of one slot.
    pub size: usize,
}

impl Slots {
    /// Slots for datagrams of less than `size` bytes.
    pub fn new(size: usize) -> Slots {
        let count = (SLOTS_BYTES / size).clamp(1, SLOTS);
        // Pages that nothing was written to take no memory.
        Slots { bytes: Zeroizing::new(vec![0; size * count]), size }
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
