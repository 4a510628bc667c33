//! Records over HTTP: lines of JSON or text, compressed or not. The answer 200 is given when every sink has them.

use super::super::batch::Intake;
use super::super::config;
use super::super::http::{Answer, Server, answer};
use super::super::metrics::labels;
use super::super::tls;
use super::socket::Listener;
use super::{Context, Running, Source};
use crate::input::codec::{self, Codec};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{Method, Request, StatusCode, header};
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

/// Bytes of one permit.
const UNIT: usize = 1024;

impl Source for config::HttpSource {
    fn start(&self, context: Context) -> io::Result<Running> {
        let acceptor = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => Some(tls::acceptor(cert, key, None)?),
            _ => None,
        };
        let listener = Listener::bind(&self.address, self.socket_mode)?;
        let (connections, stop) = (self.max_connections, context.stop.clone());
        let server = Server { listener, acceptor, connections, stop };
        let most = self.max_body.0 as usize;
        let taker = Arc::new(Taker {
            intake: context.intake.clone(),
            most,
            patience: self.timeout.0,
            // Bodies under way; each grows as its bytes come.
            room: Arc::new(Semaphore::new((4 * most).div_ceil(UNIT))),
        });
        let (name, metrics) = (context.name, context.metrics);
        let refuse = move |reason: &str| {
            metrics.refused.get_or_create(&labels(("source", &name), ("reason", reason))).inc();
        };
        let count = refuse.clone();
        let handler = move |request| {
            let (taker, refuse) = (taker.clone(), refuse.clone());
            async move {
                taker.take(request).await.unwrap_or_else(|(status, reason)| {
                    refuse(reason);
                    answer(status, reason)
                })
            }
        };
        Ok(Box::pin(server.run(handler, count)))
    }
}

type Refused = (StatusCode, &'static str);

struct Taker {
    intake: Intake,
    most: usize,
    patience: Duration,
    room: Arc<Semaphore>,
}

impl Taker {
    async fn take(&self, request: Request<Incoming>) -> Result<Answer, Refused> {
        if !matches!(*request.method(), Method::POST | Method::PUT) {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "method"));
        }
        let coding = request.headers().get(header::CONTENT_ENCODING).map(|v| v.as_bytes().to_ascii_lowercase());
        let body = tokio::time::timeout(self.patience, self.body(request.into_body())).await;
        let (body, _room) = body.map_err(|_| (StatusCode::REQUEST_TIMEOUT, "timeout"))??;
        let mut records = decode(coding.as_deref(), body, self.most)?;
        if records.last().is_some_and(|b| *b != b'\n') {
            records.push(b'\n');
        }
        if records.is_empty() || self.intake.put_and_wait(records).await {
            return Ok(answer(StatusCode::OK, ""));
        }
        Err((StatusCode::SERVICE_UNAVAILABLE, "unavailable"))
    }

    /// Reads a body; memory for it is taken as it comes.
    async fn body(&self, mut body: Incoming) -> Result<(Zeroizing<Vec<u8>>, Vec<OwnedSemaphorePermit>), Refused> {
        const TOO_LONG: Refused = (StatusCode::PAYLOAD_TOO_LARGE, "too_long");
        if body.size_hint().lower() > self.most as u64 {
            return Err(TOO_LONG);
        }
        let (mut bytes, mut room) = (Zeroizing::new(Vec::new()), Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| (StatusCode::BAD_REQUEST, "body"))?;
            let Some(data) = frame.data_ref() else { continue };
            if bytes.len() + data.len() > self.most {
                return Err(TOO_LONG);
            }
            let permits = data.len().div_ceil(UNIT) as u32;
            let permit = self.room.clone().acquire_many_owned(permits).await;
            room.push(permit.map_err(|_| (StatusCode::SERVICE_UNAVAILABLE, "unavailable"))?);
            bytes.extend_from_slice(data);
        }
        Ok((bytes, room))
    }
}

/// Undoes the compression of a body; what it grows to is limited as well.
fn decode(coding: Option<&[u8]>, body: Zeroizing<Vec<u8>>, most: usize) -> Result<Vec<u8>, Refused> {
    let wrong = |_| (StatusCode::BAD_REQUEST, "compression");
    let input: Box<dyn Read + '_> = match coding {
        None | Some(b"identity") => return Ok(body.to_vec()),
        Some(b"gzip" | b"x-gzip" | b"zstd") => {
            let head = body[..body.len().min(codec::HEAD)].to_vec();
            if Codec::of(&head) == Codec::Plain {
                return Err((StatusCode::BAD_REQUEST, "compression"));
            }
            codec::decoder(&head, &body[..]).map_err(wrong)?
        }
        Some(_) => return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, "coding")),
    };
    let mut records = Vec::new();
    input.take(most as u64 + 1).read_to_end(&mut records).map_err(wrong)?;
    if records.len() > most { Err((StatusCode::PAYLOAD_TOO_LARGE, "too_long")) } else { Ok(records) }
}
