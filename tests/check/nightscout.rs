//! Sites that do not work, or not for this secret.

use chrono::Duration;
use tconnectsync_heroku::config::Feature;
use tconnectsync_heroku::failure::ExitStatus;

use super::{arrangement, checked, complaints};
use crate::arrangement::Arrangement;
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

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
    Nightscout: treatments may not be written with this NS_SECRET. On the site's Admin Tools page, give the token's role these permissions, with spaces between them: api:status:read api:treatments:* api:entries:*. Or set NS_SECRET to the site's API_SECRET
    Nightscout: entries may not be written with this NS_SECRET. On the site's Admin Tools page, give the token's role these permissions, with spaces between them: api:status:read api:treatments:* api:entries:*. Or set NS_SECRET to the site's API_SECRET
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
    Nightscout: treatments may not be read with this NS_SECRET. On the site's Admin Tools page, give the token's role these permissions, with spaces between them: api:status:read api:treatments:*. Or set NS_SECRET to the site's API_SECRET
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
fn plugins_that_are_off_are_named_for_the_features_that_need_them() {
    let told = |plugins: &[&str], features: &str| -> Vec<String> {
        let mut arrangement = with_site(Nightscout::with(|settings| {
            settings.plugins = plugins.iter().map(|name| (*name).to_owned()).collect();
        }));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        let (lines, status) = checked(&arrangement, chrono::Utc::now(), &[]);
        assert_eq!(status, ExitStatus::Done, "{lines:#?}");
        let about = lines.into_iter().filter(|line| line.contains("plugin"));
        about.collect()
    };
    let default = ["basal", "bolus"];
    assert_eq!(
        told(&default, "BASAL,BOLUS,PUMP_EVENTS"),
        [
            "--  Nightscout: plugins cage, cob, iage, iob, sage are off, which show BOLUS,PUMP_EVENTS. Add to the site's ENABLE variable: cage cob iage iob sage"
        ]
    );
    assert_eq!(
        told(&["basal", "iob", "cob"], "BASAL,BOLUS,DEVICE_STATUS"),
        [
            "--  Nightscout: plugin pump is off, which shows DEVICE_STATUS. Add to the site's ENABLE variable: pump"
        ]
    );
    assert_eq!(
        told(&["basal", "iob", "cob"], "BASAL,BOLUS,CGM"),
        ["ok  Nightscout: its plugins show what the features copy"]
    );
}

#[test]
fn a_chart_without_basal_rates_is_told_to_those_who_copy_them() {
    let told = |render: Option<&'static str>, plugins: &[&str], features: &str| -> Vec<String> {
        let mut arrangement = with_site(Nightscout::with(|settings| {
            settings.basal_render = render;
            settings.plugins = plugins.iter().map(|name| (*name).to_owned()).collect();
        }));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        let (lines, status) = checked(&arrangement, chrono::Utc::now(), &[]);
        assert_eq!(status, ExitStatus::Done, "{lines:#?}");
        let about = lines.into_iter().filter(|line| line.contains("chart"));
        about.collect()
    };
    let advice = [
        "--  Nightscout: its chart does not draw the basal rates, unless you chose so in your browser. Set the site's BASAL_RENDER variable to default, or choose Render Basal in the settings of its page",
    ];
    let all = ["basal", "iob", "cob"];
    assert_eq!(told(None, &all, "BASAL,BOLUS"), advice);
    assert_eq!(told(Some("none"), &all, "BASAL,BOLUS"), advice);
    let silent: [(Option<&'static str>, &[&str], &str); 3] = [
        (Some("icicle"), &all, "BASAL,BOLUS"),
        (None, &["iob", "cob"], "BASAL,BOLUS"),
        (None, &all, "BOLUS"),
    ];
    for (render, plugins, features) in silent {
        assert_eq!(
            told(render, plugins, features),
            Vec::<String>::new(),
            "{render:?} {plugins:?} {features}"
        );
    }
}

#[test]
fn a_site_that_did_not_start() {
    let arrangement = with_site(Nightscout::with(|settings| settings.boot_error = true));
    let now = chrono::Utc::now();
    let bad = |arrangement: &Arrangement| -> Vec<String> {
        let (lines, status) = checked(arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Unavailable, "{lines:#?}");
        let bad = lines.into_iter().filter(|line| line.starts_with("!!"));
        bad.collect()
    };
    insta::assert_snapshot!(bad(&arrangement).join("\n"), @r#"
    !!  Nightscout: status answered 500 Internal Server Error, a web page ("Boot error"). Check that the address in NS_URL opens in a browser. If the site is starting or down, nothing is lost: the next run catches up by itself
    "#);
}

/// Measured: 200 and `null`, or nothing before 15.0.7; 500 for entries.
#[test]
fn a_site_whose_database_does_not_answer_is_told_from_one_that_is_down() {
    let now = chrono::Utc::now();
    let cases = [
        (Version::V15_0_7, "BASAL", "read treatments answered null"),
        (
            Version::V15_0_6,
            "BASAL",
            "read treatments answered nothing",
        ),
        (
            Version::V14_2_6,
            "DEVICE_STATUS",
            "read devicestatus answered nothing",
        ),
        (
            Version::V14_2_6,
            "CGM",
            "read entries answered 500 Internal Server Error",
        ),
        (
            Version::V15_0_7,
            "CGM",
            "read entries answered 500 Internal Server Error",
        ),
    ];
    for (version, features, said) in cases {
        let mut arrangement = with_site(Nightscout::with(|settings| {
            settings.version = version;
            settings.database_gone = true;
        }));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        let (lines, status) = checked(&arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Unavailable, "{lines:#?}");
        let bad = lines.iter().find(|line| line.starts_with("!!"));
        let bad = bad.expect("a complaint");
        let named = format!("{said}: the site runs, but its database does not answer. Look at");
        assert!(bad.contains(&named), "{bad}");
    }
}

/// Up to 15.0.6 an empty list of entries is never answered.
#[test]
fn every_version_is_asked_only_what_it_answers() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let mut arrangement = with_site(Nightscout::version(version));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", &all_features());
        let (lines, status) = checked(&arrangement, chrono::Utc::now(), &[]);
        assert_ne!(status, ExitStatus::Unavailable, "{lines:#?}");
        for collection in ["treatments", "entries"] {
            let good = format!("ok  Nightscout: {collection} may be read and written");
            assert!(lines.contains(&good), "{lines:#?}");
        }
        assert_eq!(arrangement.nightscout.writes(), 0);
    }
}

fn all_features() -> String {
    let names = Feature::ALL.map(|feature| feature.name());
    names.join(",")
}

/// The form of the Admin Tools page splits what is typed into it at commas too.
#[test]
fn whoever_follows_the_advice_on_a_token_to_the_letter_is_done() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let mut arrangement = with_site(Nightscout::with(|settings| {
            settings.version = version;
            settings.readable = false;
        }));
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", &all_features());
        arrangement.set("NIGHTSCOUT_PROFILE_UPLOAD_MODE", "replace");
        let token = arrangement.nightscout.add_token("narrow", &[]);
        arrangement.set("NS_SECRET", &token);
        let complaints = complaints(&arrangement, ExitStatus::CredentialsRejected);
        let complaint = complaints.first().expect("a complaint");
        let (_, advice) = complaint
            .split_once("with spaces between them: ")
            .expect("what to type");
        let (typed, _) = advice.split_once(". Or").expect("an end");
        let token = arrangement.nightscout.add_token_by_form("better", typed);
        arrangement.set("NS_SECRET", &token);
        let (lines, _) = checked(&arrangement, chrono::Utc::now(), &[]);
        let bad: Vec<&String> = (lines.iter())
            .filter(|line| line.contains("may not be"))
            .collect();
        assert!(bad.is_empty(), "{version:?}: {typed}: {bad:#?}");
        assert_eq!(arrangement.nightscout.writes(), 0);
    }
}

/// From 15.0.7 on, what has grown goes up as what is new does.
#[test]
fn a_token_that_may_not_update_is_told_where_a_run_updates() {
    for (version, needs_update) in [
        (Version::V14_2_6, true),
        (Version::V15_0_6, true),
        (Version::V15_0_7, false),
    ] {
        let mut arrangement = with_site(Nightscout::version(version));
        let permissions = ["api:treatments:create", "api:profile:create"];
        let token = arrangement.nightscout.add_token("creator", &permissions);
        arrangement.set("NS_SECRET", &token);
        let (lines, status) = checked(&arrangement, chrono::Utc::now(), &[]);
        let told = "!!  Nightscout: treatments may not be updated with this NS_SECRET";
        let is_told = lines.iter().any(|line| line.starts_with(told));
        assert_eq!(is_told, needs_update, "{version:?} {lines:#?}");
        assert_eq!(status == ExitStatus::CredentialsRejected, needs_update);

        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", "PROFILES");
        arrangement.set("NIGHTSCOUT_PROFILE_UPLOAD_MODE", "replace");
        let (lines, _) = checked(&arrangement, chrono::Utc::now(), &[]);
        let told = "!!  Nightscout: profile may not be updated with this NS_SECRET";
        assert!(
            lines.iter().any(|line| line.starts_with(told)),
            "{version:?} {lines:#?}"
        );
        assert_eq!(arrangement.nightscout.writes(), 0);
    }
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
    !!  Nightscout: status answered 503 Service Unavailable (10 bytes, fingerprint 4e94). Check that the address in NS_URL opens in a browser. If the site is starting or down, nothing is lost: the next run catches up by itself
    "#);
}

/// What the site does not tell any more is no reason to leave the pump out: its events and its clock are told without it.
#[test]
fn a_read_that_fails_late_hides_neither_the_pumps_events_nor_its_clock() {
    let history = History::generate(&Plan::days(41, 2));
    let now = history.plan.end + Duration::minutes(12);
    for features in ["BASAL,BOLUS", "CGM"] {
        let mut arrangement = Arrangement::of(history.clone());
        arrangement.set("TCONNECTSYNC_HEROKU_FEATURES", features);
        arrangement.good_pass(now - Duration::minutes(40), &[]);
        let path = match features {
            "CGM" => "/api/v1/entries",
            _ => "/api/v1/treatments",
        };
        // The first read asks whether there may be any.
        arrangement
            .nightscout
            .inject(Fault::on("GET", path, Times::From(2), Kind::status(503)));
        let (lines, status) = checked(&arrangement, now, &[]);
        assert_eq!(status, ExitStatus::Unavailable, "{lines:#?}");
        let has = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
        assert_eq!(
            has("ok  Pump: events of the last day: 285 CGM"),
            1,
            "{lines:#?}"
        );
        assert_eq!(has("ok  Clock: pump"), 1, "{lines:#?}");
        assert_ne!(has("!!  Nightscout: "), 0, "{lines:#?}");
    }
}

/// Only with it does every version answer with JSON, whatever stands before the site.
#[test]
fn every_call_asks_for_json() {
    let arrangement = arrangement();
    arrangement.nightscout.clear_requests();
    checked(
        &arrangement,
        chrono::Utc::now(),
        &["--features", &all_features()],
    );
    let requests = arrangement.nightscout.requests();
    let visits = requests
        .iter()
        .filter(|request| request.header("api-secret").is_none());
    assert!(visits.count() > 0);
    for request in &requests {
        let accept = request.header("accept");
        assert_eq!(
            accept,
            Some("application/json"),
            "{} {}",
            request.method,
            request.path
        );
    }
}
