//! What people get wrong when they set it up, and the cure that a run and `--check-login` name for it.

use std::fs;
use std::path::Path;

use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::failure::ExitStatus::{
    Configuration, CredentialsRejected, NotUnderstood, Usage,
};

use crate::arrangement::{Arrangement, day_until_now};
use crate::simulator::answer::Answer;
use crate::simulator::server::Server;

/// Where a mistake is made.
struct Place<'a> {
    arrangement: &'a mut Arrangement,
    /// The current directory, which is the home directory too.
    directory: &'a Path,
}

impl Place<'_> {
    fn set(&mut self, name: &str, value: &str) {
        self.arrangement.set(name, value);
    }

    /// Moves all variables into `.env`, after changing its text.
    fn in_a_file(&mut self, change: impl FnOnce(String) -> String) {
        let variables = std::mem::take(&mut self.arrangement.variables);
        let lines = variables
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        let text = change(lines.collect());
        fs::write(self.directory.join(".env"), text).expect("written");
    }
}

/// A mistake.
struct Mistake {
    /// What was done.
    what: &'static str,
    make: fn(&mut Place<'_>),
    /// The command line of a run that makes it.
    arguments: &'static [&'static str],
    status: ExitStatus,
    /// What to do, in words that both say.
    cure: &'static str,
}

const fn mistake(
    what: &'static str,
    make: fn(&mut Place<'_>),
    status: ExitStatus,
    cure: &'static str,
) -> Mistake {
    Mistake {
        what,
        make,
        arguments: &[],
        status,
        cure,
    }
}

const fn on_the_command_line(
    arguments: &'static [&'static str],
    status: ExitStatus,
    cure: &'static str,
) -> Mistake {
    Mistake {
        what: "",
        make: |_| {},
        arguments,
        status,
        cure,
    }
}

const MISTAKES: [Mistake; 26] = [
    mistake(
        "nothing is set",
        |place| place.arrangement.variables.clear(),
        Configuration,
        "ooked in the environment, .env (not there)",
    ),
    mistake(
        "a misspelt name in .env",
        |place| place.in_a_file(|text| text.replace("TCONNECT_EMAIL", "TCONNECT_EMIAL")),
        Configuration,
        "did you mean TCONNECT_EMAIL?",
    ),
    mistake(
        "a name that tconnectsync does not have either",
        |place| place.in_a_file(|text| text.replace("TIMEZONE_NAME", "TIMEZONE")),
        Configuration,
        "did you mean TIMEZONE_NAME?",
    ),
    mistake(
        "a # in a password without quotes",
        |place| place.in_a_file(|text| text.replace("TCONNECT_PASSWORD=", "TCONNECT_PASSWORD= #")),
        Configuration,
        "put the value between single quotes",
    ),
    mistake(
        "a line without =",
        |place| place.in_a_file(|text| text.replace("NS_URL=", "NS_URL ")),
        Configuration,
        "is not of the form NAME=VALUE",
    ),
    mistake(
        "a directory in the place of .env",
        |place| fs::create_dir(place.directory.join(".env")).expect("created"),
        Configuration,
        "write the variables into a file of that name",
    ),
    mistake(
        "a .env that Windows' editor saved as UTF-16",
        |place| {
            let text: Vec<u8> = "NS_URL=x"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            let text = [b"\xff\xfe".as_slice(), &text].concat();
            fs::write(place.directory.join(".env"), text).expect("written");
        },
        Configuration,
        "save it with the encoding UTF-8",
    ),
    mistake(
        "the example's password",
        |place| place.set("TCONNECT_PASSWORD", "your_password"),
        Configuration,
        "replace it with your own",
    ),
    mistake(
        "a wrong password",
        |place| place.set("TCONNECT_PASSWORD", "mistyped"),
        CredentialsRejected,
        "Check TCONNECT_EMAIL and TCONNECT_PASSWORD by signing in",
    ),
    mistake(
        "the region of other accounts",
        |place| place.set("TCONNECT_REGION", "Mars"),
        Configuration,
        "US",
    ),
    mistake(
        "an address without https",
        |place| place.set("NS_URL", "my-site.example"),
        Configuration,
        "write it like https://my-site.herokuapp.com",
    ),
    mistake(
        "a token in the address",
        |place| {
            place.set(
                "NS_URL",
                "https://my-site.example/?token=x-0123456789abcdef",
            )
        },
        Configuration,
        "a token or secret belongs in NS_SECRET",
    ),
    mistake(
        "plain http over the internet",
        |place| place.set("NS_URL", "http://my-site.example"),
        Configuration,
        "https",
    ),
    mistake(
        "a site that wants https",
        |place| {
            let nightscout = &place.arrangement.nightscout;
            nightscout.configure(|settings| settings.https_only = true);
        },
        Configuration,
        "Write https:// instead of http:// in NS_URL",
    ),
    mistake(
        "a wrong API_SECRET",
        |place| place.set("NS_SECRET", "not the site's secret"),
        CredentialsRejected,
        "the site does not accept NS_SECRET",
    ),
    mistake(
        "a token that was removed",
        |place| place.set("NS_SECRET", "sync-0123456789abcdef"),
        CredentialsRejected,
        "check on the site's Admin Tools page that it is still there",
    ),
    mistake(
        "the careportal is off",
        |place| {
            let nightscout = &place.arrangement.nightscout;
            nightscout.configure(|settings| settings.careportal = false);
        },
        Configuration,
        "careportal",
    ),
    mistake(
        "an abbreviation for a zone",
        |place| place.set("TIMEZONE_NAME", "Eastern"),
        Configuration,
        "write America/New_York, if that is where the pump is",
    ),
    mistake(
        "a zone that never changes its clocks",
        |place| place.set("TIMEZONE_NAME", "EST"),
        Configuration,
        "write America/New_York, or America/Panama if your clocks never change",
    ),
    mistake(
        "a zone too far east",
        |place| place.set("TIMEZONE_NAME", "Africa/Lagos"),
        Configuration,
        "now if TIMEZONE_NAME (Africa/Lagos) is right",
    ),
    mistake(
        "a zone too far west",
        |place| place.set("TIMEZONE_NAME", "Pacific/Honolulu"),
        Configuration,
        "now if TIMEZONE_NAME (Pacific/Honolulu) is right",
    ),
    mistake(
        "another account's pump",
        |place| place.set("PUMP_SERIAL_NUMBER", "7654321"),
        Configuration,
        "PUMP_SERIAL_NUMBER",
    ),
    mistake(
        "a misspelt feature",
        |place| place.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,BOLUSES"),
        Configuration,
        "the features are BASAL,BOLUS,PUMP_EVENTS",
    ),
    on_the_command_line(
        &["--start-date", "2026-02-01", "--end-date", "2026-01-01"],
        Usage,
        "--end-date lies before --start-date",
    ),
    on_the_command_line(
        &["--days", "-1"],
        Usage,
        "write a number of days from 1 to 366",
    ),
    on_the_command_line(
        &["--env-file", "anna.env"],
        Configuration,
        "check the path, which counts from the directory in which the program starts",
    ),
];

#[test]
fn each_mistake_gets_its_cure_from_a_run_and_from_the_check() {
    for mistake in &MISTAKES {
        let what = format!("{}{:?}", mistake.what, mistake.arguments);
        let mut arrangement = Arrangement::of(day_until_now(75));
        let directory = tempfile::tempdir().expect("a temporary directory");
        let secrets = arrangement.secrets();
        (mistake.make)(&mut Place {
            arrangement: &mut arrangement,
            directory: directory.path(),
        });
        let status = Some(i32::from(mistake.status.code()));
        let run = arrangement.program_at(directory.path(), mistake.arguments);
        assert_eq!(run.status, status, "{what}: {run:#?}");
        assert!(run.log.contains(mistake.cure), "{what}: {run:#?}");
        let arguments = [&["--check-login"], mistake.arguments].concat();
        let check = arrangement.program_at(directory.path(), &arguments);
        assert_eq!(check.status, status, "{what}: {check:#?}");
        let said = check.out.contains(mistake.cure) || check.log.contains(mistake.cure);
        assert!(said, "{what}: {check:#?}");
        for said in [run, check] {
            said.reveals_none_of(&secrets);
        }
        assert_eq!(arrangement.nightscout.writes(), 0, "{what}");
    }
}

#[test]
fn the_address_of_another_page_is_told_from_a_nightscout() {
    let page = Server::start(|_| {
        std::sync::Arc::new(|_| Answer::html(200, "<html>My blog</html>").into())
    });
    let mut arrangement = Arrangement::of(day_until_now(76));
    arrangement.set("NS_URL", &page.url());
    for arguments in [&[][..], &["--check-login"]] {
        let said = arrangement.program(arguments);
        assert_eq!(
            said.status,
            Some(i32::from(NotUnderstood.code())),
            "{said:#?}"
        );
        let all = said.out + &said.log;
        assert!(all.contains("NS_URL"), "{all}");
    }
}
