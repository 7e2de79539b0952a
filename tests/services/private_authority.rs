//! A site whose certificate comes from a private certificate authority.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::arrangement::{Arrangement, Said, day_until_now};

/// Puts https in front of a server on this machine. Gives the new address, and the authority as PEM.
fn secured(url: &str) -> (String, String) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let name = "A family's own authority";
    authority.distinguished_name.push(DnType::CommonName, name);
    let pem = (authority.self_signed(&authority_key)).expect("a certificate");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let site = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let site = site.signed_by(&key, &issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![site.der().clone()],
            PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        )
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    let behind = url.trim_start_matches("http://").to_owned();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).expect("a listener");
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate ends here.
                    let mut client = acceptor.accept(client).await.ok()?;
                    let mut server = TcpStream::connect(behind).await.ok()?;
                    tokio::io::copy_bidirectional(&mut client, &mut server)
                        .await
                        .ok()
                });
            }
        });
    });
    (format!("https://localhost:{port}"), pem.pem())
}

fn run(arrangement: &Arrangement, home: &Path, variable: (&str, &Path)) -> Said {
    let mut command = arrangement.command(home, &[]);
    command.env(variable.0, variable.1);
    Said::of(command.output().expect("the program starts"))
}

#[test]
fn a_private_authority_is_trusted_where_the_owner_names_it() {
    let mut arrangement = Arrangement::of(day_until_now(61));
    let (url, authority) = secured(&arrangement.nightscout.url());
    arrangement.set("NS_URL", &url);
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let file = home.join("authority.pem");
    fs::write(&file, &authority).expect("a file");

    let unknown = arrangement.program_at(home, &[]);
    assert_eq!(unknown.status, Some(69), "{unknown:#?}");
    assert!(
        unknown
            .log
            .contains("an issuer that this machine does not know")
    );
    assert!(unknown.log.contains("NS_CA_FILE"), "{unknown:#?}");

    // Beside the machine's own list, which counts for Tandem and for the site.
    let named = run(&arrangement, home, ("NS_CA_FILE", &file));
    assert_eq!(
        (named.status, named.log.as_str()),
        (Some(0), ""),
        "{named:#?}"
    );

    // In its place, as OpenSSL's programs have it.
    let file_only = run(&arrangement, home, ("SSL_CERT_FILE", &file));
    assert_eq!(file_only.status, Some(0), "{file_only:#?}");
    let directory = home.join("authorities");
    fs::create_dir(&directory).expect("a directory");
    fs::write(directory.join("0a1b2c3d.0"), &authority).expect("a file");
    let directory_only = run(&arrangement, home, ("SSL_CERT_DIR", &directory));
    assert_eq!(directory_only.status, Some(0), "{directory_only:#?}");

    // Nothing is installed for a path that leads nowhere.
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let nowhere = run(&arrangement, home, (name, &home.join("nowhere")));
        assert_eq!(nowhere.status, Some(78), "{nowhere:#?}");
        assert!(
            nowhere.log.contains(&format!("Remove {name} from")),
            "{nowhere:#?}"
        );
    }

    let (_, another) = secured(&arrangement.nightscout.url());
    fs::write(&file, another).expect("a file");
    let other = run(&arrangement, home, ("NS_CA_FILE", &file));
    assert_eq!(other.status, Some(69), "{other:#?}");

    // The home's own file of variables is one more place for it.
    fs::write(
        home.join(".env"),
        format!("SSL_CERT_FILE={}", file.display()),
    )
    .expect("a file");
    let elsewhere = arrangement.program_at(home, &[]);
    assert!(
        elsewhere
            .log
            .contains("SSL_CERT_FILE counts in the environment only"),
        "{elsewhere:#?}"
    );
}

#[test]
fn a_file_without_a_certificate_is_named_before_anything_is_sent() {
    let arrangement = Arrangement::of(day_until_now(62));
    let home = tempfile::tempdir().expect("a temporary directory");
    let empty = home.path().join("empty.pem");
    fs::write(&empty, "no certificate").expect("a file");
    let cases = [
        (home.path().join("missing.pem"), "there is no such file"),
        (home.path().to_owned(), "this is no file of certificates"),
        (empty, "there is no certificate in the file"),
    ];
    for (file, said) in cases {
        let outcome = run(&arrangement, home.path(), ("NS_CA_FILE", &file));
        assert_eq!(outcome.status, Some(78), "{outcome:#?}");
        let named = format!("NS_CA_FILE: {said}");
        assert!(outcome.log.contains(&named), "{outcome:#?}");
    }
    assert_eq!(arrangement.nightscout.request_count(), 0);
}
