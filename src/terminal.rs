//! What standard output is shown on: how wide it is, and what it can show.

use std::io::IsTerminal as _;

/// The width that a page has where no terminal says another.
const PAGE_WIDTH: usize = 80;

/// Where standard output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub width: usize,
    /// Whether it shows more than ASCII.
    pub unicode: bool,
    /// Whether a person looks at it who wants colours: `NO_COLOR` is not set, and `TERM` is not `dumb`.
    pub is_rich: bool,
}

impl Terminal {
    /// A pipe or a file: ASCII, 80 columns.
    pub(crate) const PLAIN: Terminal = Terminal {
        width: PAGE_WIDTH,
        unicode: false,
        is_rich: false,
    };

    /// Where standard output goes in this process.
    pub(crate) fn of_output() -> Terminal {
        let output = std::io::stdout();
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !output.is_terminal() || is_dumb {
            return Terminal::PLAIN;
        }
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Terminal {
            width: width.unwrap_or(PAGE_WIDTH),
            unicode: shows_unicode(),
            is_rich: anstream::AutoStream::choice(&output) != anstream::ColorChoice::Never,
        }
    }
}

/// Whether the locale says that the terminal takes UTF-8; on Windows and macOS every current one does.
pub(crate) fn shows_unicode() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        return true;
    }
    let names = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter();
    let mut set = names.filter_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let locale = set.next().unwrap_or_default().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}
