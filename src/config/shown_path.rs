//! Paths in messages. The name of a home directory is a person's name, so it is not shown.

use std::path::{Component, Path};

/// A path as a message may show it: `~` for this user's home directory, and `…` for any other user's.
pub(crate) fn shown_path(path: &Path) -> String {
    without_names(path, std::env::home_dir().as_deref())
}

fn without_names(path: &Path, home: Option<&Path>) -> String {
    let home = home.filter(|home| home.parent().is_some());
    if let Some(below) = home.and_then(|home| path.strip_prefix(home).ok()) {
        return text(&Path::new("~").join(below));
    }
    let mut shown = std::path::PathBuf::new();
    let mut in_homes = false;
    for component in path.components() {
        let Component::Normal(name) = component else {
            shown.push(component);
            continue;
        };
        shown.push(if in_homes { "…".as_ref() } else { name });
        in_homes = name == "home" || name == "Users";
    }
    text(&shown)
}

/// A file's name may hold any character.
fn text(path: &Path) -> String {
    path.to_string_lossy()
        .replace(|c: char| c.is_control(), "?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_nobody() {
        let cases = [
            ("/home/maria/.cache/x", "~/.cache/x"),
            ("/home/maria", "~/"),
            ("/home/anna/.env", "/home/…/.env"),
            ("/Users/anna/.env", "/Users/…/.env"),
            ("/var/home/anna/a/b", "/var/home/…/a/b"),
            ("/etc/pump.env", "/etc/pump.env"),
            ("../.env", "../.env"),
        ];
        for (path, shown) in cases {
            let home = Some(Path::new("/home/maria"));
            assert_eq!(without_names(Path::new(path), home), shown, "{path}");
        }
        assert_eq!(
            without_names(Path::new("/x"), Some(Path::new("/"))),
            "/x",
            "a home that is the root"
        );
    }
}
