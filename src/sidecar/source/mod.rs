//! Sources that push: they wait for records and hand them to an [`Intake`]. Files are pulled instead, see [`super::tail`].

mod drops;
mod frame;
mod header;
mod http;
pub mod socket;
mod stream;
mod syslog;

use super::batch::Intake;
use super::metrics::Metrics;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// What has come when it is time to stop is read, for this time at most: senders may never rest.
const LAST: Duration = Duration::from_secs(2);

/// Tells sources to take no more.
#[derive(Clone)]
pub struct Stop(pub watch::Receiver<bool>);

impl Stop {
    /// Waits until it is time to stop.
    pub async fn asked(&mut self) {
        // A sender that is gone means the same.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// True when it is time to stop.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }
}

/// What a source works with.
#[derive(Clone)]
pub struct Context {
    /// Name of the source.
    pub name: String,
    /// Where records go.
    pub intake: Intake,
    /// When to end.
    pub stop: Stop,
    /// Where it counts.
    pub metrics: Arc<Metrics>,
}

/// Work that a source does until it is asked to stop.
pub type Running = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A source of one kind.
pub trait Source {
    /// Takes its place (sockets, files), so that mistakes are known before the daemon says that it is ready, and returns the work.
    ///
    /// # Errors
    /// Those of the place.
    fn start(&self, context: Context) -> io::Result<Running>;
}
