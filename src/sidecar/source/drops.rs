//! Datagrams that never came: the kernel drops what a full receive buffer can't hold, and counts it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// The kernel's tables of UDP sockets, in the network of this process.
const TABLES: [&str; 2] = ["/proc/self/net/udp", "/proc/self/net/udp6"];

/// The count of one socket.
pub struct Drops {
    inode: u64,
    seen: u64,
}

impl Drops {
    /// The count of a UDP socket, from now on; nothing for one that the kernel does not count.
    ///
    /// # Errors
    /// Those of the descriptor.
    pub fn of(socket: impl AsFd) -> io::Result<Option<Drops>> {
        let inode = File::from(socket.as_fd().try_clone_to_owned()?).metadata()?.ino();
        Ok(count(inode).map(|seen| Drops { inode, seen }))
    }

    /// How many were dropped since the last call.
    pub fn more(&mut self) -> u64 {
        let Some(now) = count(self.inode) else { return 0 };
        // The kernel's counter may wrap around.
        let more = now.checked_sub(self.seen).unwrap_or(now);
        self.seen = now;
        more
    }
}

/// Drops of the socket with this inode.
fn count(inode: u64) -> Option<u64> {
    TABLES.iter().find_map(|table| of_table(&std::fs::read_to_string(table).ok()?, inode))
}

/// The last column of the line whose tenth is the inode.
fn of_table(text: &str, inode: u64) -> Option<u64> {
    text.lines().skip(1).find_map(|line| {
        let mut columns = line.split_ascii_whitespace();
        let found = columns.nth(9)?.parse() == Ok(inode);
        found.then(|| columns.next_back()?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table() {
        let text = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n \
                    1234: 0100007F:158A 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 48213 2 0000000000000000 17\n";
        assert_eq!((of_table(text, 48213), of_table(text, 17)), (Some(17), None));
    }

    #[test]
    fn a_full_buffer_is_counted() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&socket, 4096).unwrap();
        let mut drops = Drops::of(&socket).unwrap().expect("a line of the table");
        let from = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        for _ in 0..100 {
            from.send_to(&[b'x'; 1000], socket.local_addr().unwrap()).unwrap();
        }
        socket.set_nonblocking(true).unwrap();
        let mut got = 0;
        while socket.recv(&mut [0; 2000]).is_ok() {
            got += 1;
        }
        assert_eq!((drops.more() + got, drops.more()), (100, 0));
        assert!(got < 100);
    }
}
