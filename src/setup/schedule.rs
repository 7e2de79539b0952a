//! The line that starts the runs: for cron, launchd or Windows' Task Scheduler.

use std::path::Path;

/// What is to be started, and where.
pub(super) struct Start<'a> {
    pub(super) program: &'a Path,
    /// The directory whose `.env` counts.
    pub(super) directory: &'a Path,
    /// The file to read instead.
    pub(super) env_file: Option<&'a Path>,
}

impl Start<'_> {
    /// What to do on this system (`std::env::consts::OS`), to be copied as it is.
    pub(super) fn in_words(&self, system: &str) -> String {
        let (head, line) = match system {
            "windows" => (
                "In a PowerShell window, enter these lines:",
                self.powershell(),
            ),
            "macos" => ("In a terminal, enter these lines:", self.launchd()),
            _ => ("Enter crontab -e, and add this line:", self.crontab()),
        };
        format!(
            "\nTo copy every ten minutes: {head}\n\n{line}\n\nHeroku, Docker, systemd and others: \
             {}/blob/main/docs/schedulers.md",
            env!("CARGO_PKG_REPOSITORY")
        )
    }

    /// The command for a shell, which says nothing unless a person is needed.
    fn command(&self) -> String {
        let program = for_shell(&self.program.to_string_lossy());
        let file = self.env_file.map(|path| {
            let path = for_shell(&path.to_string_lossy());
            format!(" --env-file {path}")
        });
        format!("{program} -q{}", file.unwrap_or_default())
    }

    fn crontab(&self) -> String {
        let directory = for_shell(&self.directory.to_string_lossy());
        let command = format!("cd {directory} && {}", self.command());
        // cron takes a bare % for the end of the line.
        format!("*/10 * * * * {}", command.replace('%', "\\%"))
    }

    fn launchd(&self) -> String {
        let directory = for_xml(&self.directory.to_string_lossy());
        let command = for_xml(&format!("exec {}", self.command()));
        format!(
            r#"cat > ~/Library/LaunchAgents/tconnectsync-heroku.plist <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>tconnectsync-heroku</string>
<key>WorkingDirectory</key><string>{directory}</string>
<key>ProgramArguments</key><array><string>/bin/sh</string><string>-c</string><string>{command}</string></array>
<key>StartInterval</key><integer>600</integer>
<key>RunAtLoad</key><true/>
<key>StandardErrorPath</key><string>/tmp/tconnectsync-heroku.log</string>
</dict></plist>
END
launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/tconnectsync-heroku.plist"#
        )
    }

    fn powershell(&self) -> String {
        let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
        let program = quote(&self.program.to_string_lossy());
        let directory = quote(&self.directory.to_string_lossy());
        let file = self
            .env_file
            .map(|path| format!(" --env-file \"{}\"", path.to_string_lossy()));
        let arguments = quote(&format!("-q{}", file.unwrap_or_default()));
        format!(
            "$action = New-ScheduledTaskAction -Execute {program} -Argument {arguments} -WorkingDirectory {directory}\n\
             $trigger = New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 10)\n\
             $settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Minutes 10)\n\
             Register-ScheduledTask -TaskName tconnectsync-heroku -Action $action -Trigger $trigger -Settings $settings"
        )
    }
}

/// A word as a POSIX shell takes it verbatim.
fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@=".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn for_xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start<'a>(directory: &'a str, env_file: Option<&'a str>) -> Start<'a> {
        Start {
            program: Path::new("/home/ada/.local/bin/tconnectsync-heroku"),
            directory: Path::new(directory),
            env_file: env_file.map(Path::new),
        }
    }

    #[test]
    fn cron_gets_one_line() {
        assert_eq!(
            start("/home/ada/pump", None).crontab(),
            "*/10 * * * * cd /home/ada/pump && /home/ada/.local/bin/tconnectsync-heroku -q"
        );
        assert_eq!(
            start("/home/ada/Ada's 100%", Some("/home/ada/anna.env")).crontab(),
            r"*/10 * * * * cd '/home/ada/Ada'\''s 100\%' && /home/ada/.local/bin/tconnectsync-heroku -q --env-file /home/ada/anna.env"
        );
    }

    #[test]
    fn each_system_gets_its_own() {
        let start = start("/x & y", Some("/x & y/a.env"));
        assert!(
            start
                .in_words("macos")
                .contains("<string>/x &amp; y</string>")
        );
        let words = start.in_words("windows");
        assert!(words.contains("-WorkingDirectory '/x & y'"), "{words}");
        assert!(start.in_words("linux").contains("*/10 * * * * cd "));
    }

    #[test]
    fn powershell_gets_its_own_quotes() {
        let start = Start {
            program: Path::new(r"C:\Ada's & Co\tconnectsync-heroku.exe"),
            directory: Path::new(r"C:\100% $x"),
            env_file: Some(Path::new(r"C:\Ada's & Co\a b.env")),
        };
        let lines = start.powershell();
        let first = lines.lines().next();
        assert_eq!(
            first,
            Some(
                r#"$action = New-ScheduledTaskAction -Execute 'C:\Ada''s & Co\tconnectsync-heroku.exe' -Argument '-q --env-file "C:\Ada''s & Co\a b.env"' -WorkingDirectory 'C:\100% $x'"#
            )
        );
    }

    /// A directory with every sign that means something to a shell, cron or XML, and in it a program that says where it was
    /// started, and with what.
    #[cfg(unix)]
    struct Odd {
        home: tempfile::TempDir,
        directory: std::path::PathBuf,
    }

    #[cfg(unix)]
    impl Odd {
        fn new() -> Odd {
            let home = tempfile::tempdir().expect("a directory");
            let directory = home.path().join(r#"Ada's 100% "A & B" <$HOME> `x` \% ;#*"#);
            std::fs::create_dir(&directory).expect("a directory");
            let odd = Odd { home, directory };
            // Written by another process: what this one has open for writing cannot be started.
            odd.sh(
                r#"printf '%s\n' '#!/bin/sh' 'pwd' 'for word; do echo "$word"; done' > "$1" && chmod 755 "$1""#,
                &[&odd.program()],
            );
            odd
        }

        fn program(&self) -> std::path::PathBuf {
            self.directory.join("tconnectsync-heroku")
        }

        fn env_file(&self) -> std::path::PathBuf {
            self.directory.join("anna's %.env")
        }

        fn start(&self, of: impl FnOnce(&Start<'_>) -> String) -> String {
            of(&Start {
                program: &self.program(),
                directory: &self.directory,
                env_file: Some(&self.env_file()),
            })
        }

        fn sh(&self, command: &str, arguments: &[&Path]) -> String {
            let home = self.home.path();
            let output = std::process::Command::new("/bin/sh")
                .args(["-c", command, "sh"])
                .args(arguments)
                .env("HOME", home)
                .env("PATH", format!("{}:/usr/bin:/bin", home.display()))
                .current_dir(home)
                .output()
                .expect("a shell");
            assert!(output.status.success(), "{output:?}");
            String::from_utf8(output.stdout).expect("UTF-8")
        }

        fn was_started(&self, said: &str) {
            let expected = [
                self.directory.to_string_lossy().as_ref(),
                "-q",
                "--env-file",
                self.env_file().to_string_lossy().as_ref(),
            ]
            .map(|line| format!("{line}\n"))
            .concat();
            assert_eq!(said, expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn cron_starts_what_is_in_an_odd_directory() {
        let odd = Odd::new();
        let line = odd.start(|start| start.crontab());
        let command = line.strip_prefix("*/10 * * * * ").expect("the time");
        // cron takes away the backslash before a %, and ends the command at one without.
        let command = command.replace("\\%", "\0");
        assert!(!command.contains('%'), "{line}");
        odd.was_started(&odd.sh(&command.replace('\0', "%"), &[]));
    }

    #[cfg(unix)]
    #[test]
    fn launchd_starts_what_is_in_an_odd_directory() {
        let odd = Odd::new();
        let lines = odd.start(|start| start.launchd());
        let agents = odd.home.path().join("Library/LaunchAgents");
        std::fs::create_dir_all(&agents).expect("a directory");
        odd.sh(
            "printf '#!/bin/sh\\n' > launchctl && chmod 755 launchctl",
            &[],
        );
        odd.sh(&lines, &[]);
        let plist = agents.join("tconnectsync-heroku.plist");
        let plist = std::fs::read_to_string(plist).expect("written");
        let strings: Vec<String> = plist
            .split("<string>")
            .skip(1)
            .map(|rest| {
                let (text, _) = rest.split_once("</string>").expect("an end");
                assert!(!text.contains(['<', '>']), "{text}");
                let text = text.replace("&lt;", "<").replace("&gt;", ">");
                let entities = text.matches("&amp;").count();
                assert_eq!(entities, text.matches('&').count(), "{text}");
                text.replace("&amp;", "&")
            })
            .collect();
        let [_, directory, shell, option, command, _] = strings.as_slice() else {
            panic!("{strings:?}");
        };
        assert_eq!([shell, option], ["/bin/sh", "-c"]);
        let directory = Path::new(directory);
        let said = odd.sh(&format!("cd \"$1\" && {command}"), &[directory]);
        odd.was_started(&said);
    }
}
