//! Broken set-ups: each names its cause and its cure in one line, and ends with its own status.

use chrono::Duration;
use tconnectsync_heroku::check::Mark;
use tconnectsync_heroku::failure::{self, ExitStatus};

use super::{arrangement, complaints, marked};
use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::tandem::Pump;

/// The one line that names cause and cure.
#[track_caller]
fn complaint(arrangement: &Arrangement, status: ExitStatus) -> String {
    let mut complaints = complaints(arrangement, status);
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    complaints.remove(0)
}

#[test]
fn a_missing_variable_is_named_and_both_services_are_checked_all_the_same() {
    let mut arrangement = arrangement();
    arrangement.variables.remove("TIMEZONE_NAME");
    let complaint = complaint(&arrangement, ExitStatus::Configuration);
    insta::assert_snapshot!(complaint, @r"
    Settings: TIMEZONE_NAME is not set (Time zone of the pump's clock by its IANA name, such as America/New_York or Europe/Berlin)
    ");
    let said = arrangement.program(&["--check-login", "-v"]);
    for line in [
        "\n--  Settings: Change this on Heroku under Settings, Config Vars; elsewhere in the environment or the .env file\n",
        "signed in",
        "not judged without TIMEZONE_NAME",
        "treatments may be read and written",
    ] {
        assert!(said.out.contains(line), "{line}: {said:#?}");
    }
}

#[test]
fn an_account_in_the_other_region() {
    let mut arrangement = arrangement();
    arrangement
        .tandem
        .change_account(|account| account.region = crate::simulator::tandem::Region::Eu);
    arrangement.tandem.reject_first_logins(1);
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::CredentialsRejected), @r"
    Tandem Source: login was rejected in the US region: the e-mail address or the password is wrong, or the account is in the EU region. Check TCONNECT_EMAIL and TCONNECT_PASSWORD by signing in at https://sso.tandemdiabetes.com; after several rejected logins Tandem locks the account. If signing in there works, set TCONNECT_REGION=EU
    ");
    arrangement.set("TCONNECT_REGION", "auto");
    arrangement.tandem.reject_first_logins(1);
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    insta::assert_snapshot!(marked(&said, Mark::Warning).join("\n"), @r"
    Tandem Source: signed in; the account is in the EU region. Set TCONNECT_REGION=EU, or each run is rejected by the US first
    ");
}

#[test]
fn a_wrong_password() {
    let mut arrangement = arrangement();
    arrangement.set("TCONNECT_PASSWORD", "not the right one");
    arrangement.set("TCONNECT_REGION", "auto");
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::CredentialsRejected), @r"
    Tandem Source: login was rejected in both regions: the e-mail address or the password is wrong. Check TCONNECT_EMAIL and TCONNECT_PASSWORD by signing in at https://sso.tandemdiabetes.com; after several rejected logins Tandem locks the account
    ");
}

#[test]
fn a_password_pasted_with_quotes_and_a_secret_with_a_blank() {
    let mut arrangement = arrangement();
    let quoted = format!("\"{}\"", arrangement.variables["TCONNECT_PASSWORD"]);
    let blank = format!("{} ", arrangement.variables["NS_SECRET"]);
    arrangement.set("TCONNECT_PASSWORD", &quoted);
    arrangement.set("NS_SECRET", &blank);
    arrangement.set("NS_URL", &format!(" \"{}\" ", arrangement.nightscout.url()));
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(77), "{said:#?}");
    let lines: Vec<String> = [marked(&said, Mark::Warning), marked(&said, Mark::Bad)].concat();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Settings: TCONNECT_PASSWORD begins or ends with a quote, which is sent too: remove it unless it belongs to the value
    Settings: NS_URL has quotes around its value; they are left out. Remove them
    Settings: NS_SECRET begins or ends with a space, which is sent too: remove it unless it belongs to the value
    Nightscout: the site does not accept NS_SECRET. Set NS_SECRET to the site's API_SECRET, exactly, including capitals, or to an access token made on its Admin Tools page
    Tandem Source: login was rejected in the US region: the e-mail address or the password is wrong, or the account is in the EU region. Check TCONNECT_EMAIL and TCONNECT_PASSWORD by signing in at https://sso.tandemdiabetes.com; after several rejected logins Tandem locks the account. If signing in there works, set TCONNECT_REGION=EU
    ");
}

#[test]
fn a_locked_account() {
    let arrangement = arrangement();
    arrangement
        .tandem
        .configure(|behaviour| behaviour.attempts_before_lock = 0);
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::CredentialsRejected), @r"
    Tandem Source: login was refused: the account is locked after too many rejected logins. Wait, or unlock it by resetting the password at https://sso.tandemdiabetes.com; then set TCONNECT_PASSWORD to the right one before the next run
    ");
}

#[test]
fn an_account_without_a_pump() {
    let arrangement = arrangement();
    arrangement.tandem.change_pumps(Vec::clear);
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::Configuration), @r"
    Pump: the account has no pump. Upload the pump once with Tandem's app, and check that TCONNECT_EMAIL is the account that the app uses
    ");
}

#[test]
fn a_login_whose_session_is_not_accepted_because_the_account_was_never_used_on_the_web() {
    let arrangement = arrangement();
    let to_login_page = Kind::Redirect("/?returnUrl=terms".to_owned());
    arrangement.tandem.inject(Fault::on(
        "GET",
        "/accounts/api/connect/authorize",
        Times::Always,
        to_login_page,
    ));
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r"
    Tandem Source: authorize ended on the login page: the session of a successful login was not accepted. Sign in once at https://sso.tandemdiabetes.com and do what it asks for (terms to accept, a password to renew). If it asks for nothing, look for a newer version of tconnectsync-heroku. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    ");
}

#[test]
fn a_serial_number_that_is_not_the_accounts() {
    let mut arrangement = arrangement();
    arrangement.set("PUMP_SERIAL_NUMBER", "90004321");
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::Configuration), @r"
    Pump: PUMP_SERIAL_NUMBER names no pump of this account, which has ...234. Set it to the serial number of one of these, or remove it to copy whichever pump is in use
    ");
}

#[test]
fn the_serial_number_of_a_pump_that_was_replaced() {
    let mut arrangement = arrangement();
    let mut old = Pump::silent("5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be002", "90005678");
    old.replace = serde_json::json!({
        "maxDateOfEvents": "2026-01-10T08:00:00",
        "lastUploadDate": "2026-01-10T15:02:00Z",
    });
    arrangement.tandem.add_pump(old);
    arrangement.set("PUMP_SERIAL_NUMBER", "90005678");
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let look = marked(&said, Mark::Warning);
    let line = look
        .iter()
        .find(|line| line.contains("PUMP_SERIAL_NUMBER"))
        .expect("the serial number is named");
    insta::assert_snapshot!(line, @r"
    Pump: PUMP_SERIAL_NUMBER names pump ...678, which has no events any more; pump ...234 is newer: set its serial number, or remove the variable
    ");
}

#[test]
fn a_tandem_that_has_changed_its_api() {
    let arrangement = arrangement();
    arrangement.tandem.inject(Fault::on(
        "GET",
        "/api/reports/bff/pumper",
        Times::Always,
        Kind::status(404),
    ));
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r#"
    Tandem Source: pumper answered 404 Not Found (10 bytes, fingerprint 2576). Tandem may have changed its API; look for a newer version of tconnectsync-heroku. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    "#);

    let arrangement = super::arrangement();
    arrangement.tandem.configure(|behaviour| {
        behaviour.event_codes_required = true;
        behaviour.event_codes_unknown = true;
    });
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r#"
    Pump: pump logs answered 400 Bad Request ("ZodError, unrecognized_keys, eventCodes"). Tandem may have changed its API; look for a newer version of tconnectsync-heroku. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    "#);
}

#[test]
fn a_firewall_that_blocks_the_program() {
    let arrangement = arrangement();
    let page = "<html><title>The request is blocked.</title></html>";
    arrangement.tandem.inject(Fault::on(
        "GET",
        "/api/reports/",
        Times::Always,
        Kind::Status(403, Vec::new(), page.to_owned()),
    ));
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r#"
    Tandem Source: pumper answered 403 Forbidden, a web page ("request is blocked"). Tandem's firewall blocks this program or the network it runs in. If https://source.tandemdiabetes.com opens in a browser on the same network, look for a newer version of tconnectsync-heroku. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    "#);
}

#[test]
fn a_login_in_front_of_the_site_is_not_a_wrong_secret() {
    let arrangement = arrangement();
    let page = "<html><h1>401 Authorization Required</h1></html>".to_owned();
    arrangement.nightscout.inject(Fault::on(
        "GET",
        "/api/v1/status.json",
        Times::Always,
        Kind::Status(401, Vec::new(), page),
    ));
    let outcome = arrangement.pass(chrono::Utc::now(), &[]);
    assert_eq!(outcome.status(), ExitStatus::CredentialsRejected);
    let told = outcome.failure.as_ref().map(failure::message);
    let told = told.expect("a failure");
    assert!(
        told.contains("something in front of the site wants a login of its own"),
        "{told}"
    );
    assert!(!told.contains("API_SECRET"), "{told}");
}

#[test]
fn a_proxy_that_is_not_there_is_not_taken_for_the_service() {
    let mut arrangement = arrangement();
    arrangement.set("NS_URL", "https://my-site.example");
    arrangement.set("TCONNECT_BASE_URL", "https://tandem.example");
    arrangement.set("REQUESTS_PROXY", "http://127.0.0.1:9");
    let complaints = complaints(&arrangement, ExitStatus::Unavailable);
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    for complaint in complaints {
        assert!(
            complaint
                .contains("failed through the proxy: connection refused. Check the proxy first"),
            "{complaint}"
        );
    }
}

#[test]
fn a_tandem_that_cannot_be_reached_and_a_wrong_secret_end_with_the_graver_status() {
    let mut arrangement = arrangement();
    arrangement.set("TCONNECT_BASE_URL", "http://127.0.0.1:9");
    arrangement.set("NS_SECRET", "some other secret");
    let complaints = complaints(&arrangement, ExitStatus::CredentialsRejected);
    insta::assert_snapshot!(complaints.join("\n"), @r"
    Nightscout: the site does not accept NS_SECRET. Set NS_SECRET to the site's API_SECRET, exactly, including capitals, or to an access token made on its Admin Tools page
    Tandem Source: login page failed: connection refused. Tandem's servers are sometimes down, even for hours; the next run catches up by itself. If it lasts, check this machine's network and whether source.tandemdiabetes.com opens in a browser
    ");
    assert_eq!(
        arrangement.nightscout.auth_failures(),
        1,
        "each failure slows the site down"
    );
}

#[test]
fn an_address_that_is_no_nightscout() {
    let arrangement = arrangement();
    arrangement.nightscout.inject(Fault::always(Kind::Html200));
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r#"
    Nightscout: status answered 200 OK, a web page ("wakes up"). Check NS_URL: it is the address of the site's start page, nothing after it. If it is right, the site may run a Nightscout that this version does not know. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    "#);

    let mut arrangement = super::arrangement();
    let elsewhere = format!("{}/somewhere", arrangement.nightscout.url());
    arrangement.set("NS_URL", &elsewhere);
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::NotUnderstood), @r#"
    Nightscout: status answered 404 Not Found, a web page ("Cannot GET"). Check NS_URL: it is the address of the site's start page, nothing after it. If it is right, the site may run a Nightscout that this version does not know. To report it, run with --check-login --capture FILE and attach that file to an issue at https://github.com/tconnectsync-heroku/tconnectsync-heroku/issues
    "#);
}

#[test]
fn an_address_without_its_scheme() {
    let mut arrangement = arrangement();
    arrangement.set("NS_URL", "ada.example.test");
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::Configuration), @r"
    Settings: NS_URL does not begin with https:// or http://: write it like https://my-site.herokuapp.com
    ");
}

#[test]
fn a_site_that_wants_https() {
    let arrangement = arrangement();
    arrangement
        .nightscout
        .configure(|settings| settings.https_only = true);
    insta::assert_snapshot!(complaint(&arrangement, ExitStatus::Configuration), @r"
    Nightscout: status answered 307 Temporary Redirect, nothing else: the site wants https. Write https:// instead of http:// in NS_URL
    ");
}

/// A text whose times of day are those of this moment, without them.
fn without_times(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.as_bytes() {
        [_, _, b':', _, _] => "HH:MM",
        _ => word,
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_zone_in_which_the_newest_event_would_lie_in_the_future() {
    let mut arrangement = arrangement();
    arrangement.set("TIMEZONE_NAME", "Pacific/Honolulu");
    let complaints = complaints(&arrangement, ExitStatus::Configuration);
    insta::assert_snapshot!(without_times(&complaints.join("\n")), @r"
    Clock: pump ...234: its newest event would lie after its upload, so the pump's clock and TIMEZONE_NAME do not fit each other; UTC-07:00 would fit. Look at the pump: it should show HH:MM now if TIMEZONE_NAME (Pacific/Honolulu) is right, and HH:MM if UTC-07:00 fits. Set TIMEZONE_NAME to the zone of the pump's clock, or correct the pump's clock
    Uploads: the site holds nothing of the pump yet, and a first run does not begin with a time zone that is in doubt. Look at the pump, and set TIMEZONE_NAME to the zone of its clock. If it is right, set TCONNECTSYNC_HEROKU_TRUST_TIMEZONE=true, or wait for the next upload
    ");
}

#[test]
fn a_zone_that_makes_everything_late() {
    let mut arrangement = arrangement();
    arrangement.set("TIMEZONE_NAME", "Africa/Lagos");
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(78), "nothing is there yet: {said:#?}");
    let look = marked(&said, Mark::Warning);
    let line = look
        .iter()
        .find(|line| line.contains("TIMEZONE_NAME"))
        .expect("the zone is doubted");
    insta::assert_snapshot!(without_times(line), @r"
    Clock: pump ...234 runs at UTC+01:00, which matches TIMEZONE_NAME; its newest event lies whole hours before its upload; if phone and pump were together then, TIMEZONE_NAME or the pump's clock is wrong, and UTC-07:00 would fit. Look at the pump: it should show HH:MM now if TIMEZONE_NAME (Africa/Lagos) is right, and HH:MM if UTC-07:00 fits. Set TIMEZONE_NAME to the zone of the pump's clock, or correct the pump's clock
    ");
    assert!(
        !marked(&said, Mark::Good)
            .iter()
            .any(|line| line.starts_with("Clock")),
        "no ok beside a doubt: {said:#?}"
    );
}

#[test]
fn a_phone_that_does_not_upload() {
    let mut arrangement = arrangement();
    let uploaded = chrono::Utc::now() - Duration::hours(7);
    arrangement.tandem.set_uploaded_until(uploaded);
    let said = arrangement.program(&["--check-login"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let look = marked(&said, Mark::Warning);
    assert!(
        look.iter()
            .any(|line| line.contains("7 h") && line.contains("phone")),
        "{look:#?}"
    );
    arrangement.set("TCONNECTSYNC_HEROKU_STALE_HOURS", "6");
    let complaint = complaint(&arrangement, ExitStatus::TryLater);
    assert!(
        complaint.starts_with("Clock: the newest event is 7 h") && complaint.contains("phone"),
        "{complaint}"
    );
}
