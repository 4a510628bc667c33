//! The thread behind a lane that waits for the disk: it syncs what the sink wrote, saves the checkpoint, and answers those who
//! wait, while the lane goes on. One commit is under way at most, and the checkpoint is away with it.

use super::batch::Raw;
use super::checkpoint::{Checkpoint, Saved};
use super::durable;
use super::metrics::label;
use super::retry::Retry;
use super::sink::Commit;
use super::tail::Stopped;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// What a commit needs.
struct Job {
    commit: Commit,
    saved: Saved,
    held: Vec<Arc<Raw>>,
    checkpoint: Checkpoint,
}

/// The thread: where commits go, and where checkpoints come back.
struct Thread {
    jobs: Sender<Job>,
    landed: Receiver<Checkpoint>,
}

/// Commits of one lane.
pub struct Committer {
    retry: Retry,
    thread: Option<Thread>,
    /// Here while no commit is under way.
    checkpoint: Option<Checkpoint>,
}

impl Committer {
    /// Commits to this checkpoint.
    pub fn new(checkpoint: Checkpoint, retry: Retry) -> Committer {
        Committer { retry, thread: None, checkpoint: Some(checkpoint) }
    }

    /// True while a commit is under way.
    ///
    /// # Errors
    /// [`Stopped`] when it was given up.
    pub fn busy(&mut self) -> Result<bool, Stopped> {
        if self.checkpoint.is_none() {
            match self.thread.as_ref().map(|t| t.landed.try_recv()) {
                Some(Ok(checkpoint)) => self.checkpoint = Some(checkpoint),
                Some(Err(TryRecvError::Empty)) => {}
                Some(Err(TryRecvError::Disconnected)) | None => return Err(Stopped),
            }
        }
        Ok(self.checkpoint.is_none())
    }

    /// Waits for the commit that is under way. The checkpoint says then what the last one saved.
    ///
    /// # Errors
    /// [`Stopped`] when it was given up.
    pub fn wait(&mut self) -> Result<&mut Checkpoint, Stopped> {
        let checkpoint = match self.checkpoint.take() {
            Some(here) => here,
            None => self.thread.as_ref().and_then(|t| t.landed.recv().ok()).ok_or(Stopped)?,
        };
        Ok(self.checkpoint.insert(checkpoint))
    }

    /// Begins a commit, after the one before; `held` are answered when it is done.
    ///
    /// # Errors
    /// [`Stopped`] when the one before was given up.
    pub fn begin(&mut self, commit: Commit, saved: Saved, held: Vec<Arc<Raw>>) -> Result<(), Stopped> {
        self.wait()?;
        if self.thread.is_none() {
            // Made by the lane, so that it is confined as the lane is.
            let (retry, thread) = (&self.retry, &mut self.thread);
            retry.persist(|| start(retry.clone()).map(|t| *thread = Some(t)))?;
        }
        let checkpoint = self.checkpoint.take().ok_or(Stopped)?;
        let thread = self.thread.as_ref().ok_or(Stopped)?;
        thread.jobs.send(Job { commit, saved, held, checkpoint }).map_err(|_| Stopped)
    }
}

fn start(retry: Retry) -> io::Result<Thread> {
    let (jobs, todo) = channel::<Job>();
    let (done, landed) = channel();
    std::thread::Builder::new().name(format!("commit-{}", retry.name)).spawn(move || {
        for job in todo {
            let Ok(checkpoint) = work(job, &retry) else { return };
            if done.send(checkpoint).is_err() {
                return;
            }
            retry.control.bell.ring(super::bell::Call::Records);
        }
    })?;
    Ok(Thread { jobs, landed })
}

/// The bytes first, then the mark that vouches for them, then the word to those who wait.
fn work(job: Job, retry: &Retry) -> Result<Checkpoint, Stopped> {
    let Job { commit, saved, held, mut checkpoint } = job;
    retry.persist(|| {
        commit.files.iter().try_for_each(|f| durable::sync(f))?;
        checkpoint.save(saved.clone())
    })?;
    if let Some(then) = commit.then {
        then();
    }
    held.iter().for_each(|raw| finish(raw, retry));
    Ok(checkpoint)
}

/// Tells a source that this sink has its records.
pub fn finish(raw: &Raw, retry: &Retry) {
    raw.done();
    let latency = retry.metrics.latency.get_or_create(&label("sink", &retry.name));
    latency.observe(raw.received.elapsed().as_secs_f64());
}
