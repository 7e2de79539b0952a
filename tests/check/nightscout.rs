//! Sites that do not work, or not for this secret.

use chrono::Duration;
use tconnectsync_heroku::failure::ExitStatus;

use super::{arrangement, checked, complaints};
use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::Nightscout;

fn with_site(nightscout: Nightscout) -> Arrangement {
    let mut arrangement = Arrangement {
        nightscout,
        ..arrangement()
    };
    let url = arrangement.nightscout.url();
    arrangement.set("NS_URL", &url);
    arrangement
}

#[test]
fn a_token_that_may_only_read() {
    let mut arrangement = arrangement();
    let token = arrangement.nightscout.add_token("reader", &["*:*:read"]);
    arrangement.set("NS_SECRET", &token);
    arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "BASAL,CGM");
    let complaints = complaints(&arrangement, ExitStatus::CredentialsRejected);
    insta::assert_snapshot!(complaints.join("\n"), @r"
    Nightscout: treatments may not be written with this NS_SECRET. On the site's Admin Tools page give the token's role api:treatments:create,read,update, or set NS_SECRET to the site's API_SECRET
    Nightscout: entries may not be written with this NS_SECRET. On the site's Admin Tools page give the token's role api:entries:create,read,update, or set NS_SECRET to the site's API_SECRET
    ");
    assert_eq!(arrangement.nightscout.auth_failures(), 0);
}

#[test]
fn a_token_without_the_right_to_read_on_a_site_that_denies_visitors() {
    let mut arrangement = with_site(Nightscout::with(|settings| settings.readable = false));
    let token = arrangement
        .nightscout
        .add_token("narrow", &["api:status:read", "api:treatments:create"]);
    arrangement.set("NS_SECRET", &token);
    let complaints = complaints(&arrangement, ExitStatus::CredentialsRejected);
    insta::assert_snapshot!(complaints.join("\n"), @r"
    Nightscout: treatments may not be read with this NS_SECRET. On the site's Admin Tools page give the token's role api:treatments:create,read,update, or set NS_SECRET to the site's API_SECRET
    ");
}

#[test]
fn a_token_that_may_do_what_the_features_need_is_good_on_a_site_that_denies_visitors() {
    let mut arrangement = with_site(Nightscout::with(|settings| settings.readable = false));
    let token = arrangement.nightscout.add_token(
        "uploader",
        &["api:status:read", "api:treatments:create,read,update"],
    );
    arrangement.set("NS_SECRET", &token);
    assert_eq!(
        complaints(&arrangement, ExitStatus::Done),
        Vec::<String>::new()
    );
}

#[test]
fn a_site_without_careportal() {
    let arrangement = with_site(Nightscout::with(|settings| settings.careportal = false));
    let complaints = complaints(&arrangement, ExitStatus::Configuration);
    insta::assert_snapshot!(complaints.join("\n"), @r"
    Nightscout: the site does not take treatments, because careportal is in its DISABLE variable. Remove careportal from DISABLE in the site's settings
    ");
}

#[test]
fn a_site_that_did_not_start_or_has_lost_its_database() {
    let arrangement = with_site(Nightscout::with(|settings| settings.boot_error = true));
    let now = chrono::Utc::now();
    let bad = |arrangement: &Arrangement| -> Vec<String> {
        let (lines, status) = checked(arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Unavailable, "{lines:#?}");
        let bad = lines.into_iter().filter(|line| line.starts_with("!!"));
        bad.collect()
    };
    insta::assert_snapshot!(bad(&arrangement).join("\n"), @r#"
    !!  Nightscout: status answered 500 Internal Server Error, a web page ("Boot error"). Check that the address in NS_URL opens in a browser. A site that is starting or out of order is no loss: the next run catches up by itself
    "#);
    let arrangement = with_site(Nightscout::with(|settings| settings.database_gone = true));
    insta::assert_snapshot!(bad(&arrangement).join("\n"), @r"
    !!  Nightscout: read treatments answered null, which stands for an error of its database. Check that the address in NS_URL opens in a browser. A site that is starting or out of order is no loss: the next run catches up by itself
    ");
}

#[test]
fn a_sleeping_site_is_woken_and_one_that_does_not_wake_is_named() {
    let history = History::generate(&Plan::days(43, 1));
    let now = history.plan.end + Duration::minutes(12);
    let arrangement = Arrangement::of(history);
    let asleep = |times| Fault::on("GET", "/api/v1/status", times, Kind::status(503));
    arrangement.nightscout.inject(asleep(Times::First(2)));
    assert_eq!(checked(&arrangement, now, &[]).1, ExitStatus::Done);
    arrangement.nightscout.inject(asleep(Times::Always));
    let (lines, status) = checked(&arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Unavailable);
    let line = lines.iter().find(|line| line.starts_with("!!"));
    insta::assert_snapshot!(line.expect("a complaint"), @r#"
    !!  Nightscout: status answered 503 Service Unavailable ("status 503"). Check that the address in NS_URL opens in a browser. A site that is starting or out of order is no loss: the next run catches up by itself
    "#);
}
