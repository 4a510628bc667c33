//! The page for machines: metrics, health, reload; and what systemd wants to hear.

use super::Daemon;
use super::config::Address;
use super::http::{Answer, Server, answer};
use super::lane::Control;
use super::source::Stop;
use super::source::socket::Listener;
use hyper::body::Incoming;
use hyper::{Method, Request, Response, StatusCode};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Connections at once.
const CONNECTIONS: usize = 32;
/// A lane that shows no life for this long hangs.
const HANGS: Duration = Duration::from_secs(20);

/// Listens at `address`; the work serves until it is time to stop.
///
/// # Errors
/// Those of the address.
pub fn start(address: &str, daemon: Arc<Daemon>, stop: Stop) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    let listener = Listener::bind(&Address::Net(address.into()), 0)?;
    let server = Server { listener, acceptor: None, connections: CONNECTIONS, stop };
    let handler = move |request| handle(daemon.clone(), request);
    Ok(server.run(handler, |_| {}))
}

async fn handle(daemon: Arc<Daemon>, request: Request<Incoming>) -> Answer {
    let plain =
        |ok: bool, text: String| answer(if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text + "\n");
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/metrics") => {
            let mut page = Response::new(daemon.metrics.page().into());
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            page.headers_mut().insert(hyper::header::CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
            page
        }
        (&Method::GET, "/healthz") => plain(true, "alive".into()),
        (&Method::GET, "/readyz") => {
            let failing: Vec<_> =
                daemon.controls.iter().filter(|(_, c)| c.failing()).map(|(n, _)| n.as_str()).collect();
            match failing.is_empty() {
                true => plain(true, "ready".into()),
                false => plain(false, format!("sinks that fail: {}", failing.join(", "))),
            }
        }
        (&Method::POST, "/reload") => {
            let result = tokio::task::spawn_blocking(move || daemon.reload()).await;
            match result {
                Ok(Ok(text)) => plain(true, text),
                Ok(Err(text)) => answer(StatusCode::CONFLICT, text + "\n"),
                Err(_) => plain(false, "the reload ended early".into()),
            }
        }
        _ => answer(StatusCode::NOT_FOUND, "/metrics, /healthz, /readyz, POST /reload\n"),
    }
}

/// Tells systemd something; without systemd nothing happens.
pub fn notify(state: sd_notify::NotifyState<'_>) {
    if let Err(e) = sd_notify::notify(&[state]) {
        tracing::warn!("systemd: {e}");
    }
}

/// Watches whether lanes live.
#[derive(Default)]
pub struct Pulse {
    seen: Vec<(u64, Option<Instant>)>,
}

impl Pulse {
    /// True while every lane shows life.
    pub fn beats(&mut self, controls: &[(String, Arc<Control>)]) -> bool {
        self.seen.resize(controls.len(), (0, None));
        let mut alive = true;
        for ((_, control), (beats, since)) in controls.iter().zip(&mut self.seen) {
            let now = control.beats();
            if now != *beats || since.is_none() {
                (*beats, *since) = (now, Some(Instant::now()));
            }
            alive &= since.is_some_and(|s| s.elapsed() < HANGS);
        }
        alive
    }
}
