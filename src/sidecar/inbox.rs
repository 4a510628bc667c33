//! What sources pushed, in pieces that are worth a turn of the engine: the more waits, the larger they are.

use super::batch::Raw;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use zeroize::Zeroizing;

/// Batches are joined up to this.
const JOINED: usize = 64 << 10;

/// The end of a lane where batches come in.
pub struct Inbox {
    from: Receiver<Arc<Raw>>,
    /// The first batch of the next group.
    next: Option<Arc<Raw>>,
    joined: Zeroizing<Vec<u8>>,
}

impl Inbox {
    /// Takes what comes from here.
    pub fn new(from: Receiver<Arc<Raw>>) -> Inbox {
        // It never grows: what is given back by that would not be wiped.
        Inbox { from, next: None, joined: Zeroizing::new(Vec::with_capacity(JOINED)) }
    }

    /// The next `most` batches at most, all of one source, in order.
    ///
    /// # Errors
    /// When there is none now, or none will come.
    pub fn group(&mut self, most: usize) -> Result<Vec<Arc<Raw>>, TryRecvError> {
        let first = self.next.take().map_or_else(|| self.from.try_recv(), Ok)?;
        let mut bytes = first.bytes.len();
        let mut group = vec![first];
        while group.len() < most
            && bytes < JOINED
            && let Ok(raw) = self.from.try_recv()
        {
            bytes += raw.bytes.len();
            if raw.source != group[0].source || bytes > JOINED {
                self.next = Some(raw);
                break;
            }
            group.push(raw);
        }
        Ok(group)
    }

    /// The records of a group, one behind the other.
    pub fn bytes<'a>(&'a mut self, group: &'a [Arc<Raw>]) -> &'a [u8] {
        if let [one] = group {
            return &one.bytes;
        }
        self.joined.clear();
        group.iter().for_each(|raw| self.joined.extend_from_slice(&raw.bytes));
        &self.joined
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::{Door, Intake};
    use super::*;
    use std::sync::mpsc::channel;
    use tokio::sync::Semaphore;

    #[tokio::test]
    async fn batches_of_one_source_are_joined_in_order() {
        let (to, from) = channel();
        let room = Arc::new(Semaphore::new(Intake::permits(1 << 20)));
        let intake = |source: &str| {
            let door = Door { inbox: to.clone(), bell: Arc::default() };
            Intake::new(source, vec![door], room.clone(), 1 << 20)
        };
        let (a, b) = (intake("a"), intake("b"));
        for (intake, bytes) in [(&a, "1\n"), (&a, "2\n"), (&b, "3\n"), (&a, "4\n"), (&a, "5\n"), (&a, "6\n")] {
            intake.put(bytes.into()).await.unwrap();
        }
        a.put(vec![b'\n'; JOINED]).await.unwrap();
        let mut inbox = Inbox::new(from);
        let mut seen = Vec::new();
        let end = loop {
            match inbox.group(2) {
                Ok(group) => {
                    let bytes = inbox.bytes(&group);
                    seen.push((group.len(), bytes[..bytes.len().min(4)].to_vec()));
                }
                Err(e) => break e,
            }
        };
        let of = |n, text: &str| (n, text.as_bytes().to_vec());
        assert_eq!(seen, [of(2, "1\n2\n"), of(1, "3\n"), of(2, "4\n5\n"), of(1, "6\n"), of(1, "\n\n\n\n")]);
        assert_eq!(end, TryRecvError::Empty);
        drop((a, b, intake));
        drop(to);
        assert_eq!(inbox.group(2).err(), Some(TryRecvError::Disconnected));
    }
}
