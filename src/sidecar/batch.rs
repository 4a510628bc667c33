//! Raw records on their way from a source that pushes to the lanes, and the answer that goes back.

use super::bell::{Bell, Call};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use zeroize::Zeroizing;

/// Bytes of one permit.
const UNIT: usize = 1024;

/// Whole raw records of one source. Memory for them is taken before they are made and given back when the last lane is
/// done with them.
pub struct Raw {
    /// Whose records they are.
    pub source: Arc<PathBuf>,
    /// The records, each with its line end.
    pub bytes: Zeroizing<Vec<u8>>,
    /// When they came.
    pub received: Instant,
    lanes: usize,
    done: AtomicUsize,
    reply: Mutex<Option<oneshot::Sender<bool>>>,
    _room: OwnedSemaphorePermit,
}

impl Raw {
    /// One lane has them in its sink for good.
    pub fn done(&self) {
        self.done.fetch_add(1, Ordering::AcqRel);
    }

    /// True when somebody waits for the answer.
    pub fn awaited(&self) -> bool {
        self.reply.lock().is_ok_and(|r| r.is_some())
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let all = self.done.load(Ordering::Acquire) == self.lanes;
        if let Ok(mut reply) = self.reply.lock()
            && let Some(reply) = reply.take()
        {
            // Nobody waits when the sender hung up.
            let _ = reply.send(all);
        }
    }
}

/// The way into a lane.
#[derive(Clone)]
pub struct Door {
    /// Its inbox.
    pub inbox: Sender<Arc<Raw>>,
    /// What wakes it.
    pub bell: Arc<Bell>,
}

impl Door {
    fn send(&self, raw: Arc<Raw>) -> Result<(), Closed> {
        self.inbox.send(raw).map_err(|_| Closed)?;
        self.bell.ring(Call::Records);
        Ok(())
    }
}

/// Where a source that pushes puts its records.
#[derive(Clone)]
pub struct Intake {
    source: Arc<PathBuf>,
    lanes: Vec<Door>,
    room: Arc<Semaphore>,
    most: u32,
}

/// The daemon takes no more records.
#[derive(Debug)]
pub struct Closed;

impl Intake {
    /// The intake of a source with these lanes; `memory` bytes wait at most in all intakes that share `room`.
    pub fn new(source: &str, lanes: Vec<Door>, room: Arc<Semaphore>, memory: u64) -> Intake {
        let most = u32::try_from(memory / UNIT as u64).unwrap_or(u32::MAX);
        Intake { source: Arc::new(Path::new(source).into()), lanes, room, most }
    }

    /// Permits for a number of bytes.
    pub fn permits(memory: u64) -> usize {
        (memory / UNIT as u64) as usize
    }

    /// Hands records to all lanes; waits while there is no room for them.
    ///
    /// # Errors
    /// [`Closed`] when a lane has ended.
    pub async fn put(&self, bytes: Vec<u8>) -> Result<(), Closed> {
        self.send(bytes, None).await
    }

    /// Hands records to all lanes and waits until their sinks have them; false when one has not.
    pub async fn put_and_wait(&self, bytes: Vec<u8>) -> bool {
        let (reply, answer) = oneshot::channel();
        self.send(bytes, Some(reply)).await.is_ok() && answer.await.unwrap_or(false)
    }

    async fn send(&self, bytes: Vec<u8>, reply: Option<oneshot::Sender<bool>>) -> Result<(), Closed> {
        let bytes = Zeroizing::new(bytes);
        let received = Instant::now();
        let permits = u32::try_from(bytes.len().div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.most);
        let room = self.room.clone().acquire_many_owned(permits).await.map_err(|_| Closed)?;
        let raw = Arc::new(Raw {
            source: self.source.clone(),
            bytes,
            received,
            lanes: self.lanes.len(),
            done: AtomicUsize::new(0),
            reply: Mutex::new(reply),
            _room: room,
        });
        for lane in &self.lanes {
            lane.send(raw.clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[tokio::test]
    async fn the_answer_is_yes_when_every_lane_has_the_records() {
        let (a, from_a) = channel();
        let (b, from_b) = channel();
        let room = Arc::new(Semaphore::new(Intake::permits(2048)));
        let doors = [a, b].map(|inbox| Door { inbox, bell: Arc::default() });
        let intake = Intake::new("s", doors.to_vec(), room.clone(), 2048);
        for (first, second) in [(true, true), (true, false), (false, false)] {
            let intake = intake.clone();
            let waiting = tokio::spawn(async move { intake.put_and_wait(b"x\n".to_vec()).await });
            tokio::task::yield_now().await;
            let (one, two) = (from_a.recv().unwrap(), from_b.recv().unwrap());
            assert_eq!(room.available_permits(), 1);
            [(one, first), (two, second)].into_iter().filter(|(_, d)| *d).for_each(|(raw, _)| raw.done());
            assert_eq!(waiting.await.unwrap(), first && second);
            assert_eq!(room.available_permits(), 2);
        }
        drop(from_a);
        assert!(intake.put(b"x\n".to_vec()).await.is_err());
    }
}
