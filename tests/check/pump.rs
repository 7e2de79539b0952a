//! The pump's clock and its events, as the check tells them.

use chrono::Duration;
use tconnectsync_heroku::failure::ExitStatus;

use super::checked;
use crate::arrangement::Arrangement;
use crate::simulator::history::{ClockStory, Features, History, Plan};

fn line<'a>(lines: &'a [String], about: &str) -> &'a str {
    let found = lines
        .iter()
        .find(|line| line.contains(&format!("  {about}: ")));
    found.unwrap_or_else(|| panic!("{about} in {lines:#?}"))
}

fn events(lines: &[String]) -> &str {
    let found = lines.iter().find(|line| line.contains(" events of the "));
    found.expect("what the pump wrote")
}

#[test]
fn a_clock_that_its_owner_has_not_moved_yet_is_allowed_for() {
    let plan = Plan::days(44, 1);
    let change: chrono::DateTime<chrono::Utc> = "2026-11-01T06:00:00Z".parse().expect("an instant");
    let plan = plan
        .between(change - Duration::hours(12), change + Duration::hours(14))
        .with_clock(ClockStory::NeverChanged);
    let history = History::generate(&plan);
    let now = history.plan.end + Duration::minutes(2);
    let arrangement = Arrangement::of(history);
    let (lines, status) = checked(&arrangement, now, &[]);
    assert_eq!(status, ExitStatus::Done, "{lines:#?}");
    insta::assert_snapshot!(line(&lines, "Clock"), @r"
    ok  Clock: pump …234 runs at UTC-04:00, as its upload shows, and not at UTC-05:00, which TIMEZONE_NAME says (corrected automatically); newest event 2026-11-01 14:57 EST, 4 minutes ago; it should show 16:02 now
    ");
}

#[test]
fn what_is_not_known_is_counted_apart() {
    let plan = Plan::days(33, 3).with_features(Features::ALL);
    let history = History::generate(&plan);
    let now = history.plan.end + Duration::minutes(20);
    let (lines, status) = checked(&Arrangement::of(history), now, &[]);
    assert_eq!(status, ExitStatus::Done, "{lines:#?}");
    insta::assert_snapshot!(events(&lines), @r"
    ok  Pump: events of the last day: 244 CGM readings, 229 basal deliveries, 31 bolus deliveries, 21 bolus requests, 14 status reports, 6 basal rate changes, 4 glucose entries, 4 mode changes, 3 CGM alerts, 3 alarms, 2 suspensions and resumes; in the days around it 1 of unknown kinds (code 65000), left out; 2 unreadable, left out
    ");
}

#[test]
fn a_pump_that_has_been_silent_for_days_is_told_with_its_last_upload() {
    let history = History::generate(&Plan::days(45, 1));
    let now = history.plan.end + Duration::days(9);
    let (lines, status) = checked(&Arrangement::of(history), now, &[]);
    assert_eq!(status, ExitStatus::Done, "{lines:#?}");
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
    --  Pump: not copied: pump …234, t:slim X2 Insulin Pump, software 7.8.0.0, Control-IQ, newest event 2026-05-14 23:58 by its clock, last upload 9 days ago
    ??  Pump: no pump has events of the last day. Check that the phone with Tandem's app is on, online, and connected to the pump
    --  Uploads: BASAL: nothing yet
    --  Uploads: BOLUS: nothing yet
    No problems, but 1 warning to look at.
    Next: start a run with: tconnectsync-heroku
    ");
}
