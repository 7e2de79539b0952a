//! Where settings come from: the environment and the `.env` files, read once, before anything is judged.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use zeroize::Zeroizing;

use super::env_file::EnvFile;
use super::variables::{VARIABLES, Variable};
use super::{Problem, Remark, Values, regular_file, shown_path};

/// The environment and the `.env` files as they were read, and what could not be read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The process environment.
    pub environment: Values,
    /// The files in order of precedence.
    pub files: Vec<EnvFile>,
    /// Variables that could not be read at all.
    pub problems: Vec<Problem>,
    /// `.env` files that could not be read: variables that seem to be missing may be in them.
    pub unreadable: Vec<Problem>,
    /// The files that were looked for and are not there, by the names that a person knows them by.
    pub absent: Vec<String>,
    /// A file that was passed over.
    pub remarks: Vec<Remark>,
}

/// Where a value was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The process environment, which on Heroku is the Config Vars.
    Environment,
    /// A `.env` file, by the name that a person knows it by.
    File(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Environment => f.write_str("the environment"),
            Place::File(name) => f.write_str(name),
        }
    }
}

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Which of the `.env` files a path is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// The one of the command line, which has to exist.
    Given,
    /// The one in the current directory.
    Here,
    /// The one in the home directory.
    AtHome,
}

/// A variable of the table that is set, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetVariable {
    /// Its name; differs from the row's where the row covers several.
    pub name: String,
    /// Its row in the table.
    pub(crate) variable: &'static Variable,
    /// Where the value that counts was found.
    pub place: Place,
}

impl Sources {
    /// Reads the environment and the files: the given one, else `.env` in the current directory, then
    /// `.config/tconnectsync/.env` in the home directory. Only a given file has to exist, and the home directory may be
    /// closed, as systemd can close it.
    pub fn read(env_file: Option<&Path>) -> Sources {
        let name = env_file.map(shown_path);
        Sources::read_as(env_file, name.as_deref().unwrap_or_default())
    }

    /// [`Sources::read`] that calls the given file by another name.
    pub fn read_as(env_file: Option<&Path>, name: &str) -> Sources {
        let mut sources = Sources::default();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            match value.into_string() {
                Ok(value) => sources.environment.insert(name, value),
                Err(_) if Variable::named(name).is_some() => sources
                    .problems
                    .push(Problem::new(name, "is not valid UTF-8 text")),
                Err(_) => {}
            }
        }
        match env_file {
            Some(path) => sources.read_file(path, name, Expected::Given),
            None => sources.read_file(Path::new(".env"), ".env", Expected::Here),
        }
        if let Some(home) = std::env::home_dir() {
            let path: PathBuf = home.join(".config/tconnectsync/.env");
            sources.read_file(&path, "~/.config/tconnectsync/.env", Expected::AtHome);
        }
        sources.read_values_from_files();
        sources
    }

    /// Reads the values that are in files of their own, as Docker and Kubernetes keep secrets: `NS_SECRET_FILE` names the file
    /// with the value of `NS_SECRET`. Such a value counts where its name was found.
    fn read_values_from_files(&mut self) {
        let mut problems = Vec::new();
        let files = self.files.iter_mut().map(|file| &mut file.values);
        for values in std::iter::once(&mut self.environment).chain(files) {
            for variable in VARIABLES
                .iter()
                .filter(|variable| variable.may_be_in_a_file())
            {
                let name = format!("{}_FILE", variable.name);
                let is_set = |value: &&str| !value.trim().is_empty();
                let Some(path) = values.get(&name).filter(is_set) else {
                    continue;
                };
                if values.get(variable.name).filter(is_set).is_some() {
                    let what = format!("is set beside {}: remove one of them", variable.name);
                    problems.push(Problem::new(name, what));
                    continue;
                }
                match value_in(Path::new(path.trim())) {
                    Ok(value) => values.insert(variable.name, value),
                    Err(why) => problems.push(Problem::new(
                        name,
                        format!("names a file that could not be read: {why}"),
                    )),
                }
            }
        }
        self.problems.extend(problems);
    }

    fn read_file(&mut self, path: &Path, name: &str, expected: Expected) {
        let about = match expected {
            Expected::Given => format!("--env-file {name}"),
            Expected::Here | Expected::AtHome => name.to_owned(),
        };
        match regular_file::read(path, LARGEST).map(String::from_utf8) {
            Ok(Ok(text)) => {
                if regular_file::others_can_read(path) {
                    let text = format!(
                        "{name} can be read by every user of this machine: chmod 600 it, since it holds secrets"
                    );
                    self.remarks.push(Remark::new(log::Level::Warn, text));
                }
                self.files.push(EnvFile::parse(name, &Zeroizing::new(text)));
            }
            Ok(Err(_)) => self.unreadable.push(Problem::with_file(
                about,
                "is not valid UTF-8 text: save it with the encoding UTF-8",
            )),
            Err(error) if expected != Expected::Given && absent(error.kind()) => {
                self.absent.push(name.to_owned());
            }
            Err(error)
                if expected == Expected::AtHome && error.kind() == ErrorKind::PermissionDenied =>
            {
                let reason = reason(error.kind());
                let text = format!("{name} is not looked at: {reason}");
                self.remarks.push(Remark::new(log::Level::Debug, text));
            }
            Err(error) => self.unreadable.push(Problem::with_file(
                about,
                format!(
                    "could not be read: {}{}",
                    reason(error.kind()),
                    cure(error.kind())
                ),
            )),
        }
    }

    /// Where variables were looked for.
    pub fn where_it_looked(&self) -> String {
        let read = self.files.iter().map(|file| file.name.clone());
        let absent = self.absent.iter().map(|name| format!("{name} (not there)"));
        let places: Vec<String> = read.chain(absent).collect();
        format!("the environment, {}", places.join(", "))
    }

    /// The value of a variable and where it was found: the first that is not blank, since Heroku's form leaves blanks
    /// where nothing was entered.
    pub(crate) fn value(&self, name: &str) -> Option<(&str, Place)> {
        self.values(name)
            .into_iter()
            .find(|(value, _)| !value.trim().is_empty())
    }

    /// Every value that was given for a variable, blank ones too, in order of precedence.
    pub(crate) fn values(&self, name: &str) -> Vec<(&str, Place)> {
        let environment = self
            .environment
            .get(name)
            .map(|value| (value, Place::Environment));
        let files = self.files.iter().filter_map(|file| {
            let value = file.values.get(name)?;
            Some((value, Place::File(file.name.clone())))
        });
        environment.into_iter().chain(files).collect()
    }

    /// The variables of the table that are set, in the table's order, and where each was found.
    pub(crate) fn set_variables(&self) -> Vec<SetVariable> {
        let mut set: Vec<SetVariable> = self
            .names()
            .into_iter()
            .filter_map(|name| {
                let variable = Variable::named(name)?;
                let (_, place) = self.value(name)?;
                Some(SetVariable {
                    name: name.to_owned(),
                    variable,
                    place,
                })
            })
            .collect();
        set.sort_by_key(|found| {
            VARIABLES
                .iter()
                .position(|variable| variable == found.variable)
        });
        set
    }

    /// Whether a secret of any source contains the text, in capitals or not.
    pub(super) fn any_secret_contains(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        VARIABLES
            .iter()
            .filter(|variable| variable.secret)
            .flat_map(|variable| self.values(variable.name))
            .any(|(value, _)| Zeroizing::new(value.to_lowercase()).contains(&text))
    }

    /// Where this program may keep files between runs: the directory that systemd made for it, else its own in the user's
    /// cache directory (XDG Base Directory Specification; on Windows `LOCALAPPDATA`). Only the environment counts, not a `.env`
    /// file.
    pub(super) fn state_directory(&self) -> Option<PathBuf> {
        let absolute = |name: &str| {
            let path = Path::new(self.environment.get(name)?);
            path.is_absolute().then(|| path.to_owned())
        };
        let own = |directory: PathBuf| directory.join("tconnectsync-heroku");
        absolute("CACHE_DIRECTORY")
            .or_else(|| absolute("XDG_CACHE_HOME").map(own))
            .or_else(|| absolute("LOCALAPPDATA").map(own))
            .or_else(|| absolute("HOME").map(|home| own(home.join(".cache"))))
    }

    /// Every name that any source sets, each once, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let files = self.files.iter().flat_map(|file| file.values.names());
        let mut names: Vec<&str> = self.environment.names().chain(files).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The value that a file holds, without the line break at its end, which editors add.
fn value_in(path: &Path) -> Result<String> {
    let content =
        regular_file::read(path, LARGEST).map_err(|error| anyhow!(reason(error.kind())))?;
    let mut value =
        String::from_utf8(content).map_err(|_| anyhow!("it is not valid UTF-8 text"))?;
    // In its place: a secret leaves no copy behind.
    if value.ends_with('\n') {
        value.pop();
        if value.ends_with('\r') {
            value.pop();
        }
    }
    Ok(value)
}

/// What to do about a `.env` file that could not be read: the rest of the sentence.
fn cure(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotFound => {
            "; check the path, which counts from the directory in which the program starts"
        }
        ErrorKind::PermissionDenied => {
            "; let the user who starts this program own it (chown), or start it as its owner"
        }
        ErrorKind::IsADirectory => {
            "; write the variables into a file of that name (Docker makes a directory where a file to mount is missing)"
        }
        ErrorKind::InvalidInput => "; name a file, or a pipe such as <(command)",
        _ => "",
    }
}

/// Why a file could not be read, in words without an error number.
fn reason(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::InvalidInput => "it is no regular file".to_owned(),
        ErrorKind::FileTooLarge => "it is too large".to_owned(),
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::UnexpectedEof => "it is a pipe through which nothing came".to_owned(),
        ErrorKind::TimedOut => "it is a pipe that its writer did not close in time".to_owned(),
        other => other.to_string(),
    }
}
