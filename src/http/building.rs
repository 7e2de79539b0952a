//! How the HTTP client is built: certificates, proxy, and which secrets its excerpts mask.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use url::Url;
use zeroize::Zeroizing;

use super::redaction::forms;
use super::transport_error;
use crate::config::{Secret, is_this_machine};
use crate::failure::{ExitStatus, Failure};

/// The longest time until a connection stands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// This program's own name, for services that do not ask for a browser's.
pub(crate) const USER_AGENT: &str = concat!("tconnectsync-heroku/", env!("CARGO_PKG_VERSION"));

/// What the services need differently.
pub(crate) struct Options<'a> {
    /// The address that tells whether a proxy may be used: never for this machine itself.
    pub(crate) origin: &'a Url,
    /// The `User-Agent` header.
    pub(crate) user_agent: &'static str,
    /// Whether cookies are kept and sent back.
    pub(crate) cookies: bool,
    /// Whether any certificate is good enough.
    pub(crate) skip_tls_verify: bool,
    /// Certificates to trust as well as the machine's own.
    pub(crate) extra_roots: Vec<reqwest::Certificate>,
    /// How long an unused connection is kept.
    pub(crate) idle: Duration,
    /// The configured proxy. Without one, the usual variables of the environment count.
    pub(crate) proxy: Option<&'a Secret>,
    /// What no excerpt may show.
    pub(crate) secrets: Vec<Secret>,
}

impl Options<'_> {
    /// What no excerpt may show, in every form in which servers repeat it.
    pub(super) fn secrets_to_mask(&self) -> Arc<[Zeroizing<String>]> {
        let host = self.origin.host_str().unwrap_or_default();
        let proxy = self.proxy.map_or_else(Vec::new, proxy_credentials);
        let known = self.secrets.iter().map(Secret::expose);
        let known = known
            .chain([host])
            .chain(proxy.iter().map(|text| text.as_str()));
        let mut secrets: Vec<Zeroizing<String>> = known.flat_map(forms).collect();
        // A secret that holds another one is masked first.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into()
    }

    /// Whether a proxy is set for the service. Which of the environment's variables counts for which address is the library's to
    /// know.
    pub(super) fn by_proxy(&self) -> bool {
        let usual = [
            "HTTPS_PROXY",
            "https_proxy",
            "HTTP_PROXY",
            "http_proxy",
            "ALL_PROXY",
            "all_proxy",
        ];
        let is_set = |name: &&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        !is_this_machine(self.origin) && (self.proxy.is_some() || usual.iter().any(is_set))
    }

    /// Whether no call can go through TLS: the service is on this machine and spoken to by plain http, without a proxy, and
    /// redirects are not followed. Loading the machine's certificates for nothing would be most of what such a run costs.
    fn never_use_tls(&self) -> bool {
        self.origin.scheme() == "http" && is_this_machine(self.origin)
    }
}

/// The library's client. Dropping it waits for pending lookups of host names, with a dead name server until long after the run's
/// deadline. So it is dropped on a thread that nobody waits for.
pub(super) struct Detached(Option<reqwest::blocking::Client>);

impl Detached {
    /// Fails, with status 78, on a proxy that cannot be used or a machine without any certificate to trust.
    pub(super) fn new(options: &Options<'_>) -> Result<Detached> {
        // An error says that a provider is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::blocking::ClientBuilder::new()
            .user_agent(options.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            // Each call brings its own limit.
            .timeout(None)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .gzip(true)
            .cookie_store(options.cookies)
            .pool_idle_timeout(options.idle)
            .tls_danger_accept_invalid_certs(options.skip_tls_verify || options.never_use_tls())
            .tls_certs_merge(options.extra_roots.iter().cloned());
        if is_this_machine(options.origin) {
            builder = builder.no_proxy();
        } else if let Some(proxy) = options.proxy {
            let proxy = reqwest::Proxy::all(proxy.expose()).map_err(|_| unusable_proxy())?;
            builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_env()));
        }
        let inner = builder.build().map_err(|error| cannot_build(&error))?;
        Ok(Detached(Some(inner)))
    }

    /// The client; there until this is dropped.
    pub(super) fn get(&self) -> Option<&reqwest::blocking::Client> {
        self.0.as_ref()
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        let inner = self.0.take();
        // Where no thread can be had, the client ends here.
        let _ = std::thread::Builder::new().spawn(move || drop(inner));
    }
}

/// What a proxy may repeat: user name and password, and the header that holds them.
fn proxy_credentials(proxy: &Secret) -> Vec<Zeroizing<String>> {
    use base64::Engine;
    let decoded = |text: &str| {
        // One name without a value.
        let text = Zeroizing::new(
            text.replace('+', "%2B")
                .replace('&', "%26")
                .replace('=', "%3D"),
        );
        let mut pairs = url::form_urlencoded::parse(text.as_bytes());
        Zeroizing::new(
            pairs
                .next()
                .map(|(name, _)| name.into_owned())
                .unwrap_or_default(),
        )
    };
    let mut known = vec![Zeroizing::new(proxy.expose().to_owned())];
    if let Ok(url) = Url::parse(proxy.expose()) {
        let (user, password) = (
            decoded(url.username()),
            decoded(url.password().unwrap_or_default()),
        );
        let both = Zeroizing::new(format!("{}:{}", *user, *password));
        let header = Zeroizing::new(base64::engine::general_purpose::STANDARD.encode(&*both));
        if both.len() > 1 {
            known.extend([header, both, user, password]);
        }
    }
    known
}

fn unusable_proxy() -> Failure {
    Failure::new(
        ExitStatus::Configuration,
        "REQUESTS_PROXY is not the address of a proxy",
        "Write it as http://host:port, or remove it",
    )
}

/// The failure of a client that cannot be built. If the process may open no more files, the library only says that there are no
/// certificates.
fn cannot_build(error: &reqwest::Error) -> Failure {
    // More than the library opens at once.
    let files = (0..16).map(|_| std::fs::File::open("/dev/null"));
    let opened: std::io::Result<Vec<_>> = files.collect();
    if transport_error::no_files_left(error)
        || opened.is_err_and(|error| transport_error::no_files_left(&error))
    {
        return no_files_left("A connection cannot be set up".to_owned());
    }
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"];
    let set = set
        .into_iter()
        .filter(|name| std::env::var_os(name).is_some());
    let advice = match set.collect::<Vec<&str>>().join(" and ") {
        set if set.is_empty() => {
            "Install the system's CA certificates (the package is usually called ca-certificates)"
                .to_owned()
        }
        set => format!(
            "Remove {set} from the environment, or name certificates (PEM) there that this program can read"
        ),
    };
    Failure::new(
        ExitStatus::Configuration,
        "TLS connections cannot be set up on this machine",
        advice,
    )
}

pub(super) fn no_files_left(doing: String) -> Failure {
    Failure::new(
        ExitStatus::Unavailable,
        format!("{doing}: this machine lets the program open no more files or connections"),
        "See what else runs there, and raise the limit (ulimit -n, LimitNOFILE)",
    )
}
