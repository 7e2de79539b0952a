//! The `.env` format.

use proptest::prelude::*;
use tconnectsync_heroku::config::env_file::EnvFile;

/// The value of the only line, or what is wrong with it.
fn value(line: &str) -> Result<String, &'static str> {
    let file = EnvFile::parse(".env", line);
    match file.problems.first() {
        Some((_, problem)) => Err(problem),
        None => Ok(file.values.get("KEY").unwrap_or_default().to_owned()),
    }
}

#[test]
fn values_are_read_as_they_are_written() {
    for (line, expected) in [
        ("KEY=value", "value"),
        ("  export KEY = value  ", "value"),
        ("export\tKEY=value", "value"),
        ("KEY=a b", "a b"),
        ("KEY=value # comment", "value"),
        ("KEY=value\t# comment", "value"),
        ("KEY=a#b", "a#b"),
        ("KEY=#b", "#b"),
        ("KEY= # comment", ""),
        ("KEY=", ""),
        ("KEY=''", ""),
        ("KEY=a=b==", "a=b=="),
        ("KEY=pa$$word${HOME}$(id)`id`", "pa$$word${HOME}$(id)`id`"),
        (
            "KEY='pa$$word # \"x\" \\n ' # comment",
            "pa$$word # \"x\" \\n ",
        ),
        ("KEY=\"pa$HOME # 'x'\" # comment", "pa$HOME # 'x'"),
        (r#"KEY="a\nb\t\"c\"\\ \$ \d""#, "a\nb\t\"c\"\\ \\$ \\d"),
        ("KEY=it's", "it's"),
        ("KEY=ünïcödé ✓", "ünïcödé ✓"),
        ("\u{feff}KEY=value\r", "value"),
        ("KEY='value'\r\n", "value"),
    ] {
        assert_eq!(value(line).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn blank_lines_and_comments_are_left_out_and_the_later_line_counts() {
    let file = EnvFile::parse(
        ".env",
        "\r\n# KEY=comment\n   # more\nKEY=first\r\nexport OTHER=x\nKEY=second",
    );
    assert_eq!(file.problems, []);
    assert_eq!(file.values.names().count(), 2);
    assert_eq!(file.values.get("KEY"), Some("second"));
}

#[test]
fn malformed_lines_are_numbered_and_not_repeated() {
    let text = "KEY=fine\nhunter2\n\n=hunter2\nKEY='hunter2\nKEY=\"hunter2\\\"\nKEY='hun'ter2\nhun ter2=x\n2KEY=x\nexport=fine";
    let file = EnvFile::parse("anna.env", text);
    let lines: Vec<usize> = file.problems.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7, 8, 9]);
    let said = format!("{:?}", file.problems);
    assert!(!said.contains("hun") && !said.contains("ter2"), "{said}");
    let problems = super::SetUp::complete()
        .with_file("anna.env", text)
        .problems();
    assert_eq!(problems[0], "anna.env line 2 is not of the form NAME=VALUE");
}

proptest! {
    #[test]
    fn any_value_survives_single_quotes(text in "[^'\n\r]*") {
        prop_assert_eq!(value(&format!("KEY='{text}'")), Ok(text));
    }

    #[test]
    fn any_value_survives_escaping_in_double_quotes(text in "[^\u{0}]*") {
        let escaped = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        prop_assert_eq!(value(&format!("KEY=\"{escaped}\"")), Ok(text));
    }

    #[test]
    fn a_word_survives_without_quotes(text in "[!-&(-~]([!-~]{0,20})") {
        prop_assume!(!text.starts_with('"'));
        prop_assert_eq!(value(&format!("KEY={text} # comment")), Ok(text));
    }

    #[test]
    fn no_file_is_too_strange_to_read(text in any::<String>()) {
        EnvFile::parse(".env", &text);
    }
}
