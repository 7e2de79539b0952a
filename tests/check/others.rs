//! What no output may contain, whatever happens.

use tconnectsync_heroku::check::Mark;

use super::{arrangement, marked};
use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind, Times};

/// Everything private: the account's, the site's, the pump's.
fn private(arrangement: &Arrangement) -> Vec<String> {
    let mut texts = arrangement.secrets();
    texts.extend(["90001234", "90004321", "127.0.0.1", "localhost", "anna"].map(str::to_owned));
    texts.extend(arrangement.variables.get("TCONNECT_PASSWORD").cloned());
    texts.extend(arrangement.variables.get("NS_SECRET").cloned());
    texts
}

/// An error page that repeats everything about its visitor.
fn chatty(arrangement: &Arrangement) -> Kind {
    let account = arrangement.tandem.account();
    let page = format!(
        "<title>{} {} {} {} pump 90001234 at {}</title>",
        account.first_name,
        account.last_name,
        account.email,
        account.password,
        arrangement.nightscout.url(),
    );
    Kind::Status(418, Vec::new(), page)
}

#[test]
fn no_output_of_any_check_holds_anything_private() {
    type Break = fn(&mut Arrangement);
    let breaks: [(&str, Break); 9] = [
        ("nothing", |_| {}),
        ("password", |arrangement| {
            arrangement.set("TCONNECT_PASSWORD", "zq not right")
        }),
        ("secret", |arrangement| {
            arrangement.set("NS_SECRET", "zq not right either")
        }),
        ("serial", |arrangement| {
            arrangement.set("PUMP_SERIAL_NUMBER", "90004321")
        }),
        ("zone", |arrangement| {
            arrangement.set("TIMEZONE_NAME", "anna")
        }),
        ("address", |arrangement| {
            arrangement.set("NS_URL", "localhost?token=anna")
        }),
        ("feature", |arrangement| {
            arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,anna")
        }),
        ("login", |arrangement| {
            let kind = chatty(arrangement);
            let fault = Fault::on("POST", "/accounts/api/login", Times::Always, kind);
            arrangement.tandem.inject(fault);
        }),
        ("status", |arrangement| {
            let kind = chatty(arrangement);
            let fault = Fault::on("GET", "/api/v1/", Times::Always, kind);
            arrangement.nightscout.inject(fault);
        }),
    ];
    for (name, break_it) in breaks {
        let mut arrangement = arrangement();
        break_it(&mut arrangement);
        for arguments in [["--check-login", "-vv"], ["--check-login", "--json"]] {
            let said = arrangement.program(&arguments);
            assert!(!said.out.is_empty(), "{name}: {said:#?}");
            said.reveals_none_of(&private(&arrangement));
        }
    }
}

#[test]
fn a_file_is_not_called_by_its_name() {
    let arrangement = arrangement();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("anna-maria.env");
    std::fs::write(&file, "TCONNECT_REGION=US\nnot an assignment\n").expect("written");
    let path = file.to_str().expect("UTF-8");
    let said = arrangement.program(&["--check-login", "--env-file", path]);
    assert_eq!(said.status, Some(78), "{said:#?}");
    said.reveals_none_of(&["anna".to_owned()]);
    let bad = marked(&said, Mark::Bad);
    assert!(bad[0].contains("the given file line 2"), "{bad:#?}");
    let said = arrangement.program(&["--check-login", "--env-file", "anna-bella.env"]);
    assert_eq!(said.status, Some(78), "{said:#?}");
    said.reveals_none_of(&["anna".to_owned()]);
}

#[test]
fn a_check_that_signs_in_ends_the_pause_after_a_rejected_login() {
    let home = tempfile::tempdir().expect("a home");
    let mut arrangement = arrangement();
    arrangement.set("TCONNECT_PASSWORD", "mistyped");
    let status = |arrangement: &Arrangement, arguments: &[&str]| {
        arrangement.program_at(home.path(), arguments).status
    };
    for (arguments, logins) in [
        ([].as_slice(), 1),
        (&[], 1),
        (&["--check-login"], 2),
        (&[], 2),
    ] {
        assert_eq!(status(&arrangement, arguments), Some(77));
        assert_eq!(arrangement.tandem.login_attempts(), logins, "{arguments:?}");
    }
    // The owner sets the password at Tandem to what the program has.
    arrangement
        .tandem
        .change_account(|account| account.password = "mistyped".to_owned());
    assert_eq!(status(&arrangement, &["--check-login"]), Some(0));
    assert_eq!(status(&arrangement, &[]), Some(0));
}
