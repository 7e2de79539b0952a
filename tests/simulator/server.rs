//! A loopback HTTP server: one thread, a log of what arrived, and faults on demand.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::oneshot;

use super::answer::{Answer, End, Outcome, Script};
use super::fault::{Fault, Kind, Rule};
pub use super::request::Request;

/// What makes an outcome of a request; runs on the server's only thread.
pub type Handler = Arc<dyn Fn(&Request) -> Outcome + Send + Sync>;

type Hook = Box<dyn FnOnce() + Send>;

/// How long a request waits for the other one of [`Outcome::Together`].
const ALONE_AFTER: Duration = Duration::from_millis(400);

#[derive(Default)]
struct Shared {
    log: Vec<Request>,
    rules: Vec<Rule>,
    latency: Duration,
    hooks: HashMap<usize, Hook>,
    /// The requests of [`Outcome::Together`] that wait for another one, by the place they are for.
    waiting: HashMap<String, oneshot::Sender<()>>,
}

/// A running server; it stops when dropped.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts on a free port of 127.0.0.1. `make` gets the origin and gives the handler.
    pub fn start(make: impl FnOnce(&str) -> Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free loopback port");
        listener
            .set_nonblocking(true)
            .expect("a non-blocking socket");
        let address = listener.local_addr().expect("a bound address");
        let handler = make(&format!("http://{address}"));
        let shared = Arc::new(Mutex::new(Shared::default()));
        let (stop, stopped) = oneshot::channel();
        let state = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = accept(listener, state, handler) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The origin, `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().log.clone()
    }

    /// The requests so far of that method whose path begins so.
    pub fn requests_to(&self, method: &str, path: &str) -> Vec<Request> {
        let shared = self.lock();
        shared
            .log
            .iter()
            .filter(|r| r.method == method && r.path.starts_with(path))
            .cloned()
            .collect()
    }

    /// How many requests arrived so far.
    pub fn request_count(&self) -> usize {
        self.lock().log.len()
    }

    /// Forgets the log; the next request is number 1 again.
    pub fn clear_requests(&self) {
        self.lock().log.clear();
    }

    /// Adds a rule.
    pub fn inject(&self, fault: Fault) {
        self.lock().rules.push(Rule::new(fault));
    }

    /// Removes all rules, hooks and latency.
    pub fn heal(&self) {
        let mut shared = self.lock();
        shared.rules.clear();
        shared.hooks.clear();
        shared.latency = Duration::ZERO;
    }

    /// Every answer waits so long from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Runs `hook` on the server's thread when the request of that number in the log has been handled, before it is answered.
    pub fn after_requests(&self, number: usize, hook: impl FnOnce() + Send + 'static) {
        self.lock().hooks.insert(number, Box::new(hook));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A handler that panicked has been reported already; a second panic here would abort the test run.
            let _ = thread.join();
        }
    }
}

/// A test that panicked while it held the lock must not hide its own message behind a poisoned lock.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>, handler: Handler) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener for the runtime");
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (shared, handler) = (Arc::clone(&shared), Arc::clone(&handler));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                exchange(Arc::clone(&shared), Arc::clone(&handler), request)
            });
            // Errors are the faults asked for, or clients that hang up: both are none of the server's business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn exchange(
    shared: Arc<Mutex<Shared>>,
    handler: Handler,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Script>, io::Error> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut request = Request {
        number: 0,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body: body.to_vec(),
        status: None,
    };
    let (fault, wait, hook) = arrive(&mut lock(&shared), &mut request);
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    let outcome = if handles(&fault) {
        Some(settled(&shared, handler(&request)).await)
    } else {
        None
    };
    let played = play(fault, outcome, hook);
    let Play {
        answer,
        end,
        length,
    } = match played {
        Ok(play) => play,
        Err(Gone::Silent) => std::future::pending::<Result<Play, Infallible>>()
            .await
            .unwrap_or_else(|never| match never {}),
        Err(Gone::Closed) => return Err(io::Error::other("a fault was asked for")),
    };
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    if let Some(logged) = lock(&shared).log.get_mut(request.number - 1) {
        logged.status = Some(answer.status);
    }
    let mut response = hyper::Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    if let Some(length) = length {
        response = response.header("content-length", length);
    }
    response
        .body(Script::new(answer.body, end))
        .map_err(io::Error::other)
}

/// Logs a request and finds what is to happen to it.
fn arrive(shared: &mut Shared, request: &mut Request) -> (Option<Kind>, Duration, Option<Hook>) {
    request.number = shared.log.len() + 1;
    shared.log.push(request.clone());
    let mut wait = shared.latency;
    let mut fault = None;
    for rule in &mut shared.rules {
        match rule.consider(request.number, &request.method, &request.path) {
            Some(Kind::Latency(milliseconds)) => wait += Duration::from_millis(milliseconds),
            Some(kind) if fault.is_none() => fault = Some(kind),
            _ => {}
        }
    }
    (fault, wait, shared.hooks.remove(&request.number))
}

/// What goes out: an answer, how its body ends, and a length to claim instead of the real one.
struct Play {
    answer: Answer,
    end: End,
    length: Option<usize>,
}

/// No answer.
enum Gone {
    Silent,
    Closed,
}

/// Whether the request is handled, whatever becomes of the answer.
fn handles(fault: &Option<Kind>) -> bool {
    matches!(
        fault,
        None | Some(
            Kind::DropAfterHandling
                | Kind::AfterHandling(_)
                | Kind::Truncate
                | Kind::TruncateChunked
                | Kind::StallBody
        )
    )
}

/// The outcome, once the other request that it waits for has come.
async fn settled(shared: &Arc<Mutex<Shared>>, outcome: Outcome) -> Outcome {
    let Outcome::Together(place, go_on) = outcome else {
        return outcome;
    };
    let other = lock(shared).waiting.remove(&place);
    // Whoever waited too long is gone.
    let met = other.is_some_and(|other| other.send(()).is_ok());
    if !met {
        let (here, arrived) = oneshot::channel();
        lock(shared).waiting.insert(place, here);
        let _ = tokio::time::timeout(ALONE_AFTER, arrived).await;
    }
    go_on()
}

fn play(fault: Option<Kind>, outcome: Option<Outcome>, hook: Option<Hook>) -> Result<Play, Gone> {
    if let Some(hook) = hook {
        hook();
    }
    let handled = match outcome {
        Some(Outcome::Answer(answer)) => Some(answer),
        Some(Outcome::Hang) => return Err(Gone::Silent),
        Some(Outcome::Reset | Outcome::Together(..)) => return Err(Gone::Closed),
        None => None,
    };
    let fault = match fault {
        Some(Kind::AfterHandling(kind)) => Some(*kind),
        fault => fault,
    };
    let whole = |answer| {
        Ok(Play {
            answer,
            end: End::Done,
            length: None,
        })
    };
    // A fault that is about a real answer gets an empty one where `AfterHandling` or a refusal left none.
    let real = handled.unwrap_or_else(|| Answer::new(200, "text/plain", ""));
    match fault {
        None | Some(Kind::Latency(_) | Kind::AfterHandling(_)) => whole(real),
        Some(Kind::Status(status, headers, body)) => {
            let mut answer = Answer::new(status, "text/plain; charset=utf-8", body);
            answer.headers.extend(headers);
            whole(answer)
        }
        Some(Kind::Drop | Kind::DropAfterHandling) => Err(Gone::Closed),
        Some(Kind::Stall) => Err(Gone::Silent),
        Some(Kind::Truncate) => Ok(cut(real, true)),
        Some(Kind::TruncateChunked) => Ok(cut(real, false)),
        Some(Kind::StallBody) => {
            let length = real.body.len().max(1);
            Ok(Play {
                answer: Answer {
                    body: Vec::new(),
                    ..real
                },
                end: End::Hang,
                length: Some(length),
            })
        }
        Some(Kind::Html200) => whole(Answer::html(
            200,
            "Please wait while your application wakes up",
        )),
        Some(Kind::Empty200) => whole(Answer::new(200, "text/plain", "")),
        Some(Kind::Endless) => {
            let answer = Answer::new(200, "application/json; charset=utf-8", "[");
            Ok(Play {
                answer,
                end: End::Repeat(Bytes::from("{},".repeat(80_000))),
                length: None,
            })
        }
        Some(Kind::Json(value)) => whole(Answer::json(200, &value)),
        Some(Kind::Redirect(location)) => whole(Answer::redirect(&location)),
    }
}

fn cut(answer: Answer, claim_length: bool) -> Play {
    let length = answer.body.len().max(2);
    let half = answer.body[..answer.body.len() / 2].to_vec();
    Play {
        answer: Answer {
            body: half,
            ..answer
        },
        end: End::Abort,
        length: claim_length.then_some(length),
    }
}
