//! The HTTP server of sources and of the page for machines: HTTP/1.1 with limits on time and number.

use super::source::Stop;
use super::source::socket::{Listener, Stream};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// An answer.
pub type Answer = Response<Full<Bytes>>;

/// Longest time for a request's head, and for a TLS handshake: slow senders don't hold a place.
const HEAD: Duration = Duration::from_secs(10);
/// Time that requests under way have when it is time to stop.
const END: Duration = Duration::from_secs(5);

/// An answer in words.
pub fn answer(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(text.into()));
    *answer.status_mut() = status;
    answer
}

/// A server with its limits.
pub struct Server {
    /// Where it listens.
    pub listener: Listener,
    /// Its TLS.
    pub acceptor: Option<TlsAcceptor>,
    /// Most connections at once; more are closed at once.
    pub connections: usize,
    /// When to end.
    pub stop: Stop,
}

impl Server {
    /// Serves until it is time to stop; requests under way are answered, when they end soon. `refused` is called for each connection too many.
    pub async fn run<H, F>(self, handler: H, refused: impl Fn(&'static str))
    where
        H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer> + Send + 'static,
    {
        let Server { listener, acceptor, connections, mut stop } = self;
        let room = Arc::new(Semaphore::new(connections));
        loop {
            let stream = tokio::select! {
                () = stop.asked() => break,
                stream = listener.accept() => stream,
            };
            let Ok(stream) = stream else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Ok(permit) = room.clone().try_acquire_owned() else {
                refused("connections");
                continue;
            };
            let (handler, mut stop, acceptor) = (handler.clone(), stop.clone(), acceptor.clone());
            tokio::spawn(async move {
                let _permit = permit;
                match acceptor {
                    None => connection(stream, handler, stop).await,
                    Some(acceptor) => {
                        let accepted = tokio::select! {
                            accepted = timeout(HEAD, acceptor.accept(stream)) => accepted,
                            () = stop.asked() => return,
                        };
                        if let Ok(Ok(stream)) = accepted {
                            connection(Box::new(stream), handler, stop).await;
                        }
                    }
                }
            });
        }
        let _ = timeout(END, room.acquire_many(connections as u32)).await;
    }
}

async fn connection<H, F>(stream: Box<dyn Stream>, handler: H, mut stop: Stop)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    let service = service_fn(move |request| {
        let work = handler(request);
        async move { Ok::<_, Infallible>(work.await) }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 << 10)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let asked = tokio::select! {
        _ = served.as_mut() => false,
        () = stop.asked() => true,
    };
    if asked {
        served.as_mut().graceful_shutdown();
        let _ = timeout(END, served).await;
    }
}
