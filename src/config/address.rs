//! The addresses of the two services.

use std::net::IpAddr;

use anyhow::{Result, anyhow, bail, ensure};
use log::Level;
use url::{Host, Url};

use super::reader::Reader;

/// The Nightscout site's root from `NS_URL`.
pub(super) fn nightscout(reader: &mut Reader, allow_insecure_http: bool) -> Option<Url> {
    let found = reader.required("NS_URL")?;
    let value = reader.cleaned(&found);
    let mut remarks = Vec::new();
    let judgement = site(value, allow_insecure_http, &mut remarks);
    let url = reader.judged("NS_URL", judgement)?;
    for (level, text) in remarks {
        reader.remark(level, format!("NS_URL {text}"));
    }
    Some(url)
}

/// The stand-in for Tandem's servers from `TCONNECT_BASE_URL`.
pub(super) fn tandem(reader: &mut Reader) -> Option<Option<Url>> {
    let url = reader.optional("TCONNECT_BASE_URL", origin)?;
    if let Some(url) = &url {
        let level = if is_this_machine(url) {
            Level::Info
        } else {
            Level::Warn
        };
        reader.remark(
            level,
            "TCONNECT_BASE_URL is set: e-mail and password go to that address instead of Tandem's",
        );
    }
    Some(url)
}

/// The root, and what is worth a remark.
fn site(
    value: &str,
    allow_insecure_http: bool,
    remarks: &mut Vec<(Level, &'static str)>,
) -> Result<Url> {
    let mut url = web_address(value)?;
    if is_placeholder(&url) {
        bail!("still holds the example's text: write the address of your own site");
    }
    let path = match api_path(url.path()) {
        Some(at) => {
            remarks.push((
                Level::Info,
                "ends in the API's path, which is left out: only the site's address is needed",
            ));
            &url.path()[..at]
        }
        None => url.path(),
    };
    let root = format!("{}/", path.trim_end_matches('/'));
    url.set_path(&root);

    if url.scheme() == "http" {
        match nearness(&url) {
            Nearness::Loopback => {}
            Nearness::Private => remarks.push((
                Level::Warn,
                "is plain http: others in the same network can read what is sent",
            )),
            Nearness::Public if allow_insecure_http => remarks.push((
                Level::Warn,
                "is plain http: others on the way can read and change what is sent; NS_ALLOW_INSECURE_HTTP allows it",
            )),
            Nearness::Public => {
                bail!(
                    "is plain http, where others can read the secret: write https://, or set NS_ALLOW_INSECURE_HTTP=true \
                     if the site has no https"
                );
            }
        }
    }
    Ok(url)
}

/// Where the API's part of a path begins: `/api/v1`, `/api/v3` and what follows.
fn api_path(path: &str) -> Option<usize> {
    path.match_indices("/api/v")
        .find(|(at, found)| path[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|(at, _)| at)
}

fn origin(value: &str) -> Result<Url> {
    let url = web_address(value)?;
    ensure!(
        url.path() == "/",
        "must be scheme, host and port only, without a path"
    );
    ensure!(
        url.scheme() == "https" || is_this_machine(&url),
        "must begin with https:// unless it is this machine's own address"
    );
    Ok(url)
}

/// An http or https URL with nothing in it but scheme, host, port and path.
fn web_address(value: &str) -> Result<Url> {
    const EXAMPLE: &str = "write it like https://my-site.herokuapp.com";
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    match scheme.map(str::to_ascii_lowercase).as_deref() {
        None => bail!("does not begin with https:// or http://: {EXAMPLE}"),
        Some("http" | "https") => {}
        Some(_) => bail!("must begin with https://: {EXAMPLE}"),
    }
    let mut url = Url::parse(value).map_err(|_| anyhow!("is not a valid address: {EXAMPLE}"))?;
    ensure!(
        !matches!(url.host_str(), Some("http" | "https")),
        "begins with https:// twice: {EXAMPLE}"
    );
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "holds a user name, password or secret before an @: remove it; the site's secret belongs in NS_SECRET"
    );
    ensure!(
        url.query().is_none_or(str::is_empty),
        "goes on with a ? after the address: remove that part; a token or secret belongs in NS_SECRET"
    );
    ensure!(
        url.fragment().is_none_or(str::is_empty),
        "goes on with a # after the address: remove that part"
    );
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Hosts from examples, in the place of the owner's own site.
fn is_placeholder(url: &Url) -> bool {
    let label = url
        .host_str()
        .and_then(|host| host.split('.').next())
        .unwrap_or_default()
        .replace('-', "");
    matches!(
        label.as_str(),
        "yoursite"
            | "yournightscout"
            | "yournightscouturl"
            | "yournightscoutsite"
            | "mynightscouturl"
    )
}

/// How far what is sent travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nearness {
    /// It stays on this machine.
    Loopback,
    /// It stays in the home network, or in one of containers.
    Private,
    Public,
}

/// Whether the address is this machine's own: what is sent there does not leave it.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    nearness(url) == Nearness::Loopback
}

fn nearness(url: &Url) -> Nearness {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        // A mapped IPv4 address is that address.
        Some(Host::Ipv6(address)) => address.to_canonical(),
        Some(Host::Domain(name)) if name == "localhost" || name.ends_with(".localhost") => {
            return Nearness::Loopback;
        }
        Some(Host::Domain(name)) if !name.contains('.') || name.ends_with(".local") => {
            return Nearness::Private;
        }
        _ => return Nearness::Public,
    };
    let is_private = match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    };
    match is_private {
        _ if address.is_loopback() => Nearness::Loopback,
        true => Nearness::Private,
        false => Nearness::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_goes_by_several_names_and_by_no_other() {
        let is = |host| is_this_machine(&Url::parse(&format!("http://{host}:8080/")).unwrap());
        for own in [
            "localhost",
            "LOCALHOST",
            "ns.localhost",
            "127.0.0.1",
            "127.1.2.3",
            "[::1]",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(is(own), "{own}");
        }
        for other in [
            "localhost.test",
            "notlocalhost",
            "ns.local",
            "192.168.1.2",
            "[fe80::1]",
        ] {
            assert!(!is(other), "{other}");
        }
    }
}
