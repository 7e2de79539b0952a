//! A request as the log keeps it.

use std::collections::HashMap;
use std::io::Read as _;

/// A request as it arrived, and the status that it was answered with.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its place in the log; the first is 1.
    pub number: usize,
    /// `GET`, `POST`, ...
    pub method: String,
    /// The path, not decoded.
    pub path: String,
    /// What stands behind the question mark, not decoded; empty without one.
    pub query: String,
    /// Header names (lower case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// The status sent; none when the connection was dropped or nothing was sent yet.
    pub status: Option<u16>,
}

impl Request {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The decoded query, in order.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The decoded value of the first query parameter of that name.
    pub fn query_value(&self, name: &str) -> Option<String> {
        self.query_pairs()
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// The body as it was before it was compressed for the way.
    pub fn plain_body(&self) -> std::io::Result<Vec<u8>> {
        if self.header("content-encoding") != Some("gzip") {
            return Ok(self.body.clone());
        }
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(self.body.as_slice()).read_to_end(&mut plain)?;
        Ok(plain)
    }

    /// The body as JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.plain_body().ok()?).ok()
    }

    /// The body as a form, decoded.
    pub fn form(&self) -> HashMap<String, String> {
        url::form_urlencoded::parse(&self.body)
            .into_owned()
            .collect()
    }

    /// The cookies sent.
    pub fn cookies(&self) -> HashMap<String, String> {
        let headers = self.headers.iter().filter(|(key, _)| key == "cookie");
        let pairs = headers.flat_map(|(_, value)| value.split(';'));
        pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect()
    }
}
