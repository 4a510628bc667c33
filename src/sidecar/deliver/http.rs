//! Batches as bodies of POST requests. Records are taken when the answer is 2xx.

use super::super::buffer::Buffered;
use super::super::config::{HttpSink, Target};
use super::super::source::socket::Stream;
use super::super::tls;
use super::{Outcome, Remote};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Most bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

/// A server that takes POST requests.
pub struct HttpRemote {
    target: Target,
    headers: Vec<(HeaderName, HeaderValue)>,
    tls: Option<TlsConnector>,
    patience: Duration,
    sender: Option<SendRequest<Full<Bytes>>>,
}

impl HttpRemote {
    /// Reads what the configuration names; connects later.
    ///
    /// # Errors
    /// Those of certificates, headers and the token file.
    pub fn new(config: &HttpSink) -> io::Result<HttpRemote> {
        let wrong = |what: &str| io::Error::other(format!("{what}: no header of HTTP"));
        let mut headers =
            vec![(CONTENT_TYPE, HeaderValue::from_str(&config.content_type).map_err(|_| wrong("content_type"))?)];
        for (name, value) in &config.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(name))?;
            headers.push((name, HeaderValue::from_str(value).map_err(|_| wrong("the value of a header"))?));
        }
        if let Some(path) = &config.bearer_file {
            let named = |e: &dyn std::fmt::Display| io::Error::other(format!("{}: {e}", path.display()));
            let token = std::fs::read_to_string(path).map_err(|e| named(&e))?;
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
                .map_err(|_| named(&"no token; it must be one line of ASCII"))?;
            value.set_sensitive(true);
            headers.push((hyper::header::AUTHORIZATION, value));
        }
        let tls = config.url.tls.then(|| tls::connector(config.ca.as_deref())).transpose()?;
        Ok(HttpRemote { target: config.url.clone(), headers, tls, patience: config.timeout.0, sender: None })
    }

    async fn connect(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        if self.sender.as_ref().is_none_or(SendRequest::is_closed) {
            let host = (self.target.host.as_str(), self.target.port);
            let stream = TcpStream::connect(host).await.map_err(|e| e.to_string())?;
            stream.set_nodelay(true).map_err(|e| e.to_string())?;
            let stream: Box<dyn Stream> = match &self.tls {
                None => Box::new(stream),
                Some(tls) => {
                    let name = ServerName::try_from(self.target.host.clone()).map_err(|e| e.to_string())?;
                    Box::new(tls.connect(name, stream).await.map_err(|e| e.to_string())?)
                }
            };
            let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|e| e.to_string())?;
            tokio::spawn(async move {
                // The request that it fails is told by the sender.
                let _ = connection.await;
            });
            self.sender = Some(sender);
        }
        self.sender.as_mut().ok_or_else(|| "no connection".into())
    }

    async fn post(&mut self, body: Bytes) -> Result<StatusCode, String> {
        let mut request = Request::post(&self.target.path).header(HOST, &self.target.authority);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|e| e.to_string())?;
        let sender = self.connect().await?;
        sender.ready().await.map_err(|e| e.to_string())?;
        let answer = sender.send_request(request).await.map_err(|e| e.to_string())?;
        let status = answer.status();
        // Read to its end, or the connection can't be used again.
        let mut body = answer.into_body();
        let mut read = 0;
        while let Some(frame) = body.frame().await {
            read += frame.map_err(|e| e.to_string())?.data_ref().map_or(0, Bytes::len);
            if read > ANSWER {
                self.sender = None;
                break;
            }
        }
        Ok(status)
    }
}

/// What a status means. Wrong credentials and places are mended by people, so they are tried again.
fn outcome(status: StatusCode) -> Outcome {
    match status.as_u16() {
        200..300 => Outcome::Taken,
        400 | 405 | 406 | 411 | 413 | 415 | 422 => Outcome::Refused(format!("the server answers {status}")),
        _ => Outcome::Later(format!("the server answers {status}")),
    }
}

impl Remote for HttpRemote {
    fn send<'a>(&'a mut self, batch: &'a [Buffered]) -> Pin<Box<dyn Future<Output = Outcome> + Send + 'a>> {
        Box::pin(async move {
            let body: Vec<u8> = batch.iter().flat_map(Buffered::bytes).copied().collect();
            match tokio::time::timeout(self.patience, self.post(body.into())).await {
                Ok(Ok(status)) => outcome(status),
                Ok(Err(why)) => {
                    self.sender = None;
                    Outcome::Later(why)
                }
                Err(_) => {
                    self.sender = None;
                    Outcome::Later("no answer in time".into())
                }
            }
        })
    }
}
