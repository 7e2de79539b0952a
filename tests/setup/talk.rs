//! A program on a pseudo-terminal, and somebody who answers it.

use std::io::{Read, Write};
use std::path::Path;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anstream::adapter::strip_str;
use pty_process::blocking::{Command, Pty, open};
use rustix::termios::{LocalModes, tcgetattr};

/// How long the program may take for anything: a busy machine is slow.
const LONGEST: Duration = Duration::from_secs(120);

/// What came from the program, and whether there may be more.
#[derive(Default)]
struct Shown {
    bytes: Vec<u8>,
    ended: bool,
}

/// A program that runs.
pub struct Talk {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<(Mutex<Shown>, Condvar)>,
    reader: JoinHandle<()>,
    /// How much of it was taken note of, in characters of the text without colours.
    seen: usize,
}

impl Talk {
    /// Starts a program with these variables as its whole environment.
    pub fn begin(
        program: &str,
        directory: &Path,
        variables: &[(&str, String)],
        arguments: &[&str],
    ) -> Talk {
        Self::as_wide_as(100, program, directory, variables, arguments)
    }

    /// The same on a terminal of this many columns.
    pub fn as_wide_as(
        columns: u16,
        program: &str,
        directory: &Path,
        variables: &[(&str, String)],
        arguments: &[&str],
    ) -> Talk {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(pty_process::Size::new(50, columns))
            .expect("a size");
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(directory)
            .spawn(pts)
            .expect("the program starts");
        let pty = Arc::new(pty);
        let shown = Arc::new((Mutex::new(Shown::default()), Condvar::new()));
        let reader = {
            let (pty, shown) = (Arc::clone(&pty), Arc::clone(&shown));
            thread::spawn(move || read(&pty, &shown))
        };
        Talk {
            pty,
            child,
            shown,
            reader,
            seen: 0,
        }
    }

    /// Waits for a text after what was seen so far.
    #[track_caller]
    pub fn expect(&mut self, text: &str) {
        let (shown, changed) = &*self.shown;
        let until = Instant::now() + LONGEST;
        let mut held = shown.lock().expect("not poisoned");
        loop {
            let all = plain(&held.bytes);
            if let Some(at) = all[self.seen..].find(text) {
                self.seen += at + text.len();
                return;
            }
            let left = until.saturating_duration_since(Instant::now());
            assert!(
                !held.ended && !left.is_zero(),
                "{text:?} did not come after {:?} in\n{all}",
                &all[..self.seen]
            );
            held = changed.wait_timeout(held, left).expect("not poisoned").0;
        }
    }

    /// Types a line where a question is asked.
    #[track_caller]
    pub fn answer(&mut self, question: &str, line: &str) {
        self.expect(question);
        self.type_in(&format!("{line}\r"));
    }

    /// Presses keys where a question is asked.
    #[track_caller]
    pub fn press(&mut self, question: &str, keys: &str) {
        self.expect(question);
        self.type_in(keys);
    }

    /// Types a line where a question is asked whose answer is not shown.
    #[track_caller]
    pub fn answer_unseen(&mut self, question: &str, line: &str) {
        self.wait_until_unseen(question);
        self.type_in(&format!("{line}\r"));
    }

    /// Waits until what is typed after a question is not shown: what is typed before is thrown away.
    #[track_caller]
    pub fn wait_until_unseen(&mut self, question: &str) {
        self.expect(question);
        let until = Instant::now() + LONGEST;
        while self.shows_what_is_typed() {
            assert!(Instant::now() < until, "{question}: what is typed is shown");
            thread::yield_now();
        }
    }

    /// Whether the terminal shows what is typed.
    pub fn shows_what_is_typed(&self) -> bool {
        let modes = tcgetattr(&*self.pty).expect("a terminal").local_modes;
        modes.contains(LocalModes::ECHO)
    }

    /// Types.
    pub fn type_in(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).expect("typed");
    }

    /// Waits for the end; gives the exit status and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().expect("it ends");
        self.reader.join().expect("no panic");
        let shown = self.shown.0.lock().expect("not poisoned");
        (status.code(), plain(&shown.bytes))
    }
}

/// Reads until the program has closed its end.
fn read(pty: &Pty, (shown, changed): &(Mutex<Shown>, Condvar)) {
    let mut buffer = [0; 4096];
    let mut pty: &Pty = pty;
    loop {
        let read = pty.read(&mut buffer).unwrap_or_default();
        let mut held = shown.lock().expect("not poisoned");
        held.bytes.extend(&buffer[..read]);
        held.ended = read == 0;
        changed.notify_all();
        if read == 0 {
            return;
        }
    }
}

/// The text without colours and movements of the cursor. Bytes that are half a character wait.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    strip_str(&text).to_string()
}
