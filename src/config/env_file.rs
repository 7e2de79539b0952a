//! `.env` files. Libraries expand `$`, which would change passwords, so this is a parser of our own.

use std::collections::{BTreeMap, BTreeSet};

use super::Values;

/// A `.env` file as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvFile {
    /// The name that a person knows it by, such as `.env`.
    pub(crate) name: String,
    /// Its variables, verbatim; where a name comes twice the later line counts.
    pub values: Values,
    /// The lines that were not understood: number, counted from 1, and what is wrong with it, never what it holds.
    pub problems: Vec<(usize, &'static str)>,
    /// On which line each variable is set, counted from 1.
    pub lines: BTreeMap<String, usize>,
    /// The variables whose value ends where a `#` begins a comment.
    pub commented: BTreeSet<String>,
}

impl EnvFile {
    /// Reads `KEY=VALUE` lines: an `export` before the name, blank lines and `#` comments are allowed. A value in single
    /// quotes is verbatim; in double quotes `\n`, `\r`, `\t`, `\"` and `\\` are escapes; without quotes it ends at a blank
    /// with `#`, and blanks around it do not count. Nothing is expanded, and no value goes on over several lines.
    pub fn parse(name: &str, text: &str) -> EnvFile {
        let mut file = EnvFile {
            name: name.to_owned(),
            ..EnvFile::default()
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (line, number) in text.split('\n').zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match assignment(line) {
                Ok((name, (value, commented))) => {
                    file.values.insert(name, value);
                    file.lines.insert(name.to_owned(), number);
                    if commented {
                        file.commented.insert(name.to_owned());
                    } else {
                        file.commented.remove(name);
                    }
                }
                Err(problem) => file.problems.push((number, problem)),
            }
        }
        file
    }
}

/// A value, and whether an unquoted one was followed by a comment.
type Value = (String, bool);

/// Name and value of a trimmed line.
fn assignment(line: &str) -> Result<(&str, Value), &'static str> {
    let (name, rest) = line
        .split_once('=')
        .ok_or("is not of the form NAME=VALUE")?;
    let name = name.trim();
    let name = match name.strip_prefix("export") {
        Some(exported) if exported.starts_with([' ', '\t']) => exported.trim_start(),
        _ => name,
    };
    let mut characters = name.bytes();
    let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    if !characters.next().is_some_and(begins)
        || !characters.all(|b| begins(b) || b.is_ascii_digit())
    {
        return Err("does not begin with a variable's name and =");
    }
    Ok((name, value(rest)?))
}

/// What stands right of the equals sign.
fn value(rest: &str) -> Result<Value, &'static str> {
    let trimmed = rest.trim_start();
    if let Some(quoted) = trimmed.strip_prefix('\'') {
        let (value, after) = quoted
            .split_once('\'')
            .ok_or("has an opening ' without a closing one")?;
        nothing_but_a_comment(after)?;
        Ok((value.to_owned(), false))
    } else if let Some(quoted) = trimmed.strip_prefix('"') {
        let (value, after) = unescape(quoted).ok_or("has an opening \" without a closing one")?;
        nothing_but_a_comment(after)?;
        Ok((value, false))
    } else {
        let value = before_comment(rest);
        Ok((value.trim().to_owned(), value.len() < rest.len()))
    }
}

/// Quotes a value so that [`EnvFile::parse`] gives it back verbatim.
pub(crate) fn quoted(value: &str) -> String {
    if !value.contains(['\'', '\n', '\r']) {
        return format!("'{value}'");
    }
    let escaped = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    format!("\"{escaped}\"")
}

/// The part of an unquoted value before a `#` that follows a blank.
fn before_comment(rest: &str) -> &str {
    let mut after_blank = false;
    for (at, character) in rest.char_indices() {
        if character == '#' && after_blank {
            return &rest[..at];
        }
        after_blank = character.is_whitespace();
    }
    rest
}

/// Reads up to the closing double quote; gives the value and what follows it.
fn unescape(quoted: &str) -> Option<(String, &str)> {
    // Nothing is left behind where it would have grown.
    let mut value = String::with_capacity(quoted.len());
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

fn nothing_but_a_comment(after: &str) -> Result<(), &'static str> {
    let after = after.trim_start();
    if after.is_empty() || after.starts_with('#') {
        Ok(())
    } else {
        Err(
            "goes on after the closing quote: put a value that holds one kind of quote into the other kind",
        )
    }
}
