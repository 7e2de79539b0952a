//! The questions, on the terminal. A stop while one waits ends the program.

use anyhow::Result;
use dialoguer::theme::SimpleTheme;
use dialoguer::{Confirm, Input, MultiSelect, Password, Select};

use super::terminal;
use crate::failure::{ExitStatus, Failure};

/// A line of text; with an empty one where `optional`.
pub(super) fn text(question: &str, default: Option<&str>, optional: bool) -> Result<String> {
    let mut input = Input::<String>::with_theme(&SimpleTheme)
        .with_prompt(question)
        .allow_empty(optional);
    if let Some(default) = default {
        input = input.default(default.to_owned());
    }
    answered(input.interact_text())
}

/// A text that is not shown; an empty one where `optional`.
pub(super) fn secret(question: &str, optional: bool) -> Result<String> {
    let password = Password::with_theme(&SimpleTheme)
        .with_prompt(question)
        .allow_empty_password(optional);
    answered(password.interact())
}

/// Yes or no.
pub(super) fn yes(question: &str, default: bool) -> Result<bool> {
    let confirm = Confirm::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(default);
    answered(confirm.interact())
}

/// Which of several lines is chosen, by its index.
pub(super) fn one(question: &str, lines: &[String], chosen: usize) -> Result<usize> {
    let select = Select::with_theme(&SimpleTheme)
        .with_prompt(question)
        .items(lines)
        .default(chosen);
    answered(select.interact())
}

/// Which of several lines are chosen, by their indices.
pub(super) fn several(question: &str, lines: &[String], chosen: &[bool]) -> Result<Vec<usize>> {
    let select = MultiSelect::with_theme(&SimpleTheme)
        .with_prompt(question)
        .report(false)
        .items(lines)
        .defaults(chosen);
    answered(select.interact())
}

fn answered<T>(answer: dialoguer::Result<T>) -> Result<T> {
    answer.map_err(|dialoguer::Error::IO(error)| {
        if error.kind() == std::io::ErrorKind::Interrupted {
            terminal::leave();
        }
        Failure::new(
            ExitStatus::Usage,
            format!("the terminal could not be read ({})", error.kind()),
            "Nothing was written. Start it in another terminal, or fill in .env by hand",
        )
        .into()
    })
}
