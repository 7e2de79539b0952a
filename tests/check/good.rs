//! A set-up in which everything works.

use chrono::Duration;
use serde_json::Value;
use tconnectsync_heroku::failure::ExitStatus;

use super::{arrangement, checked};
use crate::arrangement::Arrangement;
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::tandem::Pump;

const ALL: &str = "BASAL,BOLUS,PUMP_EVENTS,CGM,CGM_ALERTS,BOLUS_BG,DEVICE_STATUS,IOB,PROFILES";

#[test]
fn all_good_is_0_and_says_how_far_behind_the_site_is() {
    let history = History::generate(&Plan::days(41, 2));
    let now = history.plan.end + Duration::minutes(12);
    let arrangement = Arrangement::of(history);
    arrangement.tandem.add_pump(Pump::silent(
        "5f0c4f0e-2f0b-4a57-9d53-0d6c0a1be002",
        "90005678",
    ));
    arrangement.good_pass(now - Duration::minutes(40), &[]);
    let writes = arrangement.nightscout.writes();
    let (lines, status) = checked(&arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Done);
    assert_eq!(arrangement.nightscout.writes(), writes);
    insta::assert_snapshot!(lines.join("\n"), @r"
    ok  Settings: from the environment: TCONNECT_EMAIL, TCONNECT_PASSWORD, TCONNECT_REGION, NS_URL, NS_SECRET, TIMEZONE_NAME, TCONNECT_BASE_URL
    ok  Settings: to copy: BASAL,BOLUS (the default)
    --  Settings: TCONNECT_BASE_URL is set: e-mail and password go to that address instead of Tandem's
    ok  Nightscout: answers, version 15.0.7, units mg/dl
    ok  Nightscout: its careportal is on, so that it takes treatments
    ok  Nightscout: its plugins show what the features copy
    ok  Nightscout: NS_SECRET is accepted and may do everything
    ok  Nightscout: treatments may be read and written
    ok  Tandem Source: signed in; the account is in the US region
    --  Tandem Source: the pumps are listed by api/reports/bff/pumper
    ok  Pump: pump …234, t:slim X2 Insulin Pump, software 7.8.0.0, Control-IQ, newest event 2026-05-15 23:58 by its clock, last upload 12 minutes ago
    --  Pump: not copied: pump …678, t:slim X2 Insulin Pump, software 6.0.3.0, Basal-IQ, no events, never uploaded
    ok  Pump: events of the last day: 285 CGM readings, 285 basal deliveries, 32 bolus deliveries, 24 bolus requests, 16 status reports, 8 alerts, 7 basal rate changes, 5 glucose entries, 4 mode changes, 3 profile changes, 2 alarms, 1 CGM alert
    ok  Clock: pump …234 runs at UTC-04:00, which matches TIMEZONE_NAME; newest event 2026-05-15 23:58 EDT, 13 minutes ago; it should show 00:12 now
    ok  Uploads: BASAL: up to 2026-05-15 23:18 EDT, 40 minutes behind the pump
    ok  Uploads: BOLUS: up to 2026-05-15 19:51 EDT, 4 h 6 min behind the pump
    Everything looks good.
    Next: nothing to do, as long as a run starts every ten minutes.
    ");
}

#[test]
fn where_a_first_run_got_no_further_than_a_day_ago_the_next_one_is_to_be_started() {
    let history = History::generate(&Plan::days(43, 2));
    let now = history.plan.end + Duration::minutes(12);
    let arrangement = Arrangement::of(history);
    let first_day = ["--start-date", "2026-05-14", "--end-date", "2026-05-14"];
    arrangement.good_pass(now, &first_day);
    let (lines, status) = checked(&arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Done);
    let basal = "??  Uploads: BASAL: up to 2026-05-14";
    assert!(
        lines.iter().any(|line| line.starts_with(basal)),
        "{lines:#?}"
    );
    let next = "Next: start a run with: tconnectsync-heroku. It copies what is missing.";
    assert_eq!(lines.last().map(String::as_str), Some(next));
}

#[test]
fn every_collection_that_the_features_need_is_tried_on_every_version_without_writing() {
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        let history = History::generate(&Plan::days(42, 1));
        let now = history.plan.end + Duration::minutes(12);
        let arrangement = Arrangement::with(history, Nightscout::version(version));
        let (lines, status) = checked(&arrangement, now, &["--features", ALL]);
        assert_eq!(status, ExitStatus::Done, "{lines:#?}");
        assert_eq!(arrangement.nightscout.writes(), 0);
        let tested = lines
            .iter()
            .filter(|line| line.ends_with("may be read and written"));
        let untested = lines.iter().filter(|line| line.contains("not tested"));
        let expected = if version == Version::V15_0_7 {
            (4, 0)
        } else {
            (2, 2)
        };
        assert_eq!((tested.count(), untested.count()), expected, "{lines:#?}");
    }
}

#[test]
fn the_check_is_one_object_as_json() {
    let said = arrangement().program(&["--check-login", "--json"]);
    assert_eq!(said.status, Some(0), "{said:#?}");
    let check: Value = serde_json::from_str(&said.out).expect("one JSON object");
    assert_eq!(check["exit_status"], 0);
    let steps = check["steps"].as_array().expect("steps");
    assert!(steps.len() > 8, "{steps:#?}");
    let events = steps
        .iter()
        .find(|step| step["data"]["kinds"].is_object())
        .expect("the events");
    assert!(
        events["data"]["kinds"]["basal deliveries"].as_i64() > Some(200),
        "{events:#}"
    );
}

#[test]
fn a_quiet_check_that_finds_nothing_to_mend_says_nothing() {
    let arrangement = arrangement();
    let said = arrangement.program(&["--check-login", "-q"]);
    assert_eq!(
        (said.status, said.out.as_str(), said.log.as_str()),
        (Some(0), "", "")
    );
}
