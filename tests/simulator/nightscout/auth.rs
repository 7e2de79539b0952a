//! Who may do what: API_SECRET, access tokens with their permissions, and visitors.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use sha2::Sha512;

use super::super::answer::Answer;
use super::super::server::Request;
use super::site::Settings;

/// Somebody with an access token.
#[derive(Clone, Debug)]
struct Subject {
    token: String,
    permissions: Vec<String>,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    permissions: Vec<String>,
    /// Whether an access token is known.
    found: bool,
    /// Whether credentials were sent and are good.
    named: bool,
}

/// The site's secret, its subjects, and the failures so far.
pub(super) struct Guard {
    api_secret: String,
    subjects: Vec<Subject>,
    pub failures: usize,
    slow_until: Option<Instant>,
}

/// Lower-case hexadecimal.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-1 in lower-case hexadecimal.
pub(super) fn sha1_hex(text: &str) -> String {
    hex(&Sha1::digest(text.as_bytes()))
}

impl Guard {
    pub fn new(api_secret: &str) -> Self {
        Self {
            api_secret: api_secret.to_owned(),
            subjects: Vec::new(),
            failures: 0,
            slow_until: None,
        }
    }

    pub fn api_secret(&self) -> &str {
        &self.api_secret
    }

    /// Makes a subject; gives its token.
    pub fn add(&mut self, name: &str, permissions: &[&str]) -> String {
        let short: String = name
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || *c == '_')
            .take(10)
            .collect();
        let id = format!("6b0375fd3189ceb4{:08x}", self.subjects.len());
        let digest = sha1_hex(&format!("{}{id}", sha1_hex(&self.api_secret)));
        let token = format!("{short}-{}", &digest[..16]);
        let permissions = permissions.iter().map(|text| (*text).to_owned()).collect();
        self.subjects.push(Subject {
            token: token.clone(),
            permissions,
        });
        token
    }

    /// Finds out who asks. `body` is the (first) document of a write; a `secret` or `token` in it is eaten as a credential.
    /// An error is a wrong credential.
    pub fn identify(
        &mut self,
        request: &Request,
        body: Option<&mut Value>,
        settings: &Settings,
    ) -> Result<Caller, Answer> {
        let defaults: &[&str] = if settings.readable {
            &["*:*:read"]
        } else {
            &[]
        };
        let defaults: Vec<String> = defaults.iter().map(|text| (*text).to_owned()).collect();
        let eaten = body
            .and_then(Value::as_object_mut)
            .map(|doc| (doc.remove("secret"), doc.remove("token")));
        let (body_secret, body_token) = eaten.unwrap_or_default();
        let header = request
            .header("api-secret")
            .filter(|secret| *secret != "null")
            .map(str::to_owned);
        let as_text =
            |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        let secret = header
            .or_else(|| request.query_value("secret"))
            .or_else(|| as_text(body_secret));
        let token = request.query_value("token").or_else(|| as_text(body_token));
        let bearer = request.header("authorization").is_some();
        if let Some(secret) = secret {
            let right = sha1_hex(&self.api_secret).eq_ignore_ascii_case(&secret)
                || hex(&Sha512::digest(self.api_secret.as_bytes())) == secret;
            if right {
                self.slow_until = None;
                return Ok(Caller {
                    permissions: vec!["*".to_owned()],
                    found: false,
                    named: true,
                });
            }
            return self
                .by_token(&secret, defaults)
                .ok_or_else(|| self.fail(settings.auth_fail_delay));
        }
        if let Some(token) = token {
            // A wrong token in the query is as good as none.
            let visitor = Caller {
                permissions: defaults.clone(),
                found: false,
                named: false,
            };
            return Ok(self.by_token(&token, defaults).unwrap_or(visitor));
        }
        // JWTs are not simulated, and an access token as bearer is refused by the real server too.
        if bearer {
            return Err(self.fail(settings.auth_fail_delay));
        }
        Ok(Caller {
            permissions: defaults,
            found: false,
            named: false,
        })
    }

    fn by_token(&mut self, secret: &str, defaults: Vec<String>) -> Option<Caller> {
        let subject = self
            .subjects
            .iter()
            .find(|subject| subject.token == secret || sha1_hex(&subject.token) == secret)?;
        self.slow_until = None;
        let permissions = subject
            .permissions
            .iter()
            .cloned()
            .chain(defaults)
            .collect();
        Some(Caller {
            permissions,
            found: true,
            named: true,
        })
    }

    fn fail(&mut self, delay: Duration) -> Answer {
        self.failures += 1;
        let now = Instant::now();
        let from = self.slow_until.map_or(now, |until| until.max(now));
        self.slow_until = Some(from + delay);
        unauthorized()
    }

    /// How long this address waits for earlier failures.
    pub fn penalty(&self) -> Duration {
        self.slow_until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }
}

impl Caller {
    /// Whether the caller has a permission such as `api:treatments:read`.
    pub fn may(&self, permission: &str) -> bool {
        self.permissions
            .iter()
            .any(|granted| implies(granted, permission))
    }

    /// The answer of `verifyauth`, which judges by wildcards only.
    pub fn verdict(&self) -> Value {
        let (read, write) = (self.may("x:x:read"), self.may("x:x:write"));
        let is_admin = self.may("x:x:admin");
        let known = self.named && (read || write);
        json!({
            "canRead": read,
            "canWrite": write,
            "isAdmin": is_admin,
            "message": if known { "OK" } else { "UNAUTHORIZED" },
            "rolefound": if self.found { "FOUND" } else { "NOTFOUND" },
            "permissions": if self.named { "ROLE" } else { "DEFAULT" },
        })
    }
}

/// The verdict on a wrong secret.
pub(super) fn no_verdict() -> Value {
    json!({
        "canRead": false,
        "canWrite": false,
        "isAdmin": false,
        "message": "UNAUTHORIZED",
        "rolefound": "NOTFOUND",
        "permissions": "ROLE",
    })
}

/// Shiro's rule: parts between colons, lists between commas, `*` for anything, and a short permission covers what is longer.
fn implies(granted: &str, wanted: &str) -> bool {
    let mut wanted = wanted.split(':');
    for part in granted.split(':') {
        let Some(wanted) = wanted.next() else {
            return true;
        };
        if part != "*" && !part.split(',').any(|one| one == wanted) {
            return false;
        }
    }
    true
}

/// 401.
pub(super) fn unauthorized() -> Answer {
    Answer::json(
        401,
        &json!({"status": 401, "message": "Unauthorized", "description": "Invalid/Missing"}),
    )
}
