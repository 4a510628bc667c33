//! TLS for both sides.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::{TlsAcceptor, TlsConnector};

fn wrong(path: &Path, e: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {e}", path.display()))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let certs = CertificateDer::pem_file_iter(path).map_err(|e| wrong(path, &e))?;
    let certs: Vec<_> = certs.collect::<Result<_, _>>().map_err(|e| wrong(path, &e))?;
    if certs.is_empty() { Err(wrong(path, &"holds no certificate in PEM form")) } else { Ok(certs) }
}

fn roots(path: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for cert in certificates(path)? {
        roots.add(cert).map_err(|e| wrong(path, &e))?;
    }
    Ok(roots)
}

/// The server's side; with `client_ca`, clients must show a certificate of it.
///
/// # Errors
/// Those of the files.
pub fn acceptor(cert: &Path, key: &Path, client_ca: Option<&Path>) -> io::Result<TlsAcceptor> {
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, &e))?;
    let builder = match client_ca {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(ca) => {
            let verifier = WebPkiClientVerifier::builder(Arc::new(roots(ca)?)).build().map_err(|e| wrong(ca, &e))?;
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(certificates(cert)?, key_der).map_err(|e| wrong(cert, &e))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The client's side, trusting `ca` or else what the system trusts.
///
/// # Errors
/// Those of the file, or of the system's certificates.
pub fn connector(ca: Option<&Path>) -> io::Result<TlsConnector> {
    let roots = match ca {
        Some(path) => roots(path)?,
        None => {
            let mut roots = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
            roots
        }
    };
    if roots.is_empty() {
        return Err(io::Error::other("no trusted certificates; name them by `ca`"));
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
