//! A fortnight with everything in it: what the pump did is what the site holds, however the runs fall.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{EVERYTHING, afterwards, arrange, taken};
use crate::arrangement::without_ids;
use crate::pass::whole_day::{assert_basal, assert_boluses};
use crate::pass::{filed, text};
use crate::simulator::fault::{Fault, Kind};
use crate::simulator::history::{History, Plan, Sensor};
use crate::simulator::nightscout::Nightscout;
use crate::simulator::truth::{FillKind, Glucose, ModeKind, NoticeKind, Reading, SessionKind};

/// The sensors, and how many days of each: one gets the fortnight.
const SENSORS: [(Sensor, i64); 4] = [
    (Sensor::DexcomG7, 14),
    (Sensor::DexcomG6, 4),
    (Sensor::Libre2, 4),
    (Sensor::Libre3, 4),
];

const COMPLETED: i64 = 3;

/// What a treatment has to say: type, instant, events, and the other fields.
type Expected = (String, DateTime<Utc>, String, BTreeMap<&'static str, Value>);

/// Every treatment beside basal and boluses that a history asks for.
fn expected(history: &History) -> Vec<Expected> {
    let truth = &history.truth;
    let mut all: Vec<Expected> = Vec::new();
    let mut expect = |kind: &str, at, events: &[u64], fields: &[(&'static str, Value)]| {
        let events: Vec<String> = events.iter().map(u64::to_string).collect();
        let fields = fields.iter().cloned().collect();
        all.push((kind.to_owned(), at, events.join(","), fields));
    };
    for fill in &truth.fills {
        let done = fill.status == COMPLETED;
        let (kind, what) = match fill.kind {
            FillKind::Cartridge => ("Insulin Change", "Cartridge"),
            FillKind::Tubing => ("Note", "Tubing"),
            FillKind::Cannula if done => ("Site Change", "Cannula"),
            FillKind::Cannula => ("Note", "Cannula"),
        };
        let how = if done {
            "filled"
        } else {
            "fill stopped by the user"
        };
        let notes = if fill.units < 0.0 {
            format!("{what} {how}")
        } else {
            format!("{what} {how}: {} U", fill.units)
        };
        expect(kind, fill.at, &[fill.number], &[("notes", notes.into())]);
    }
    for suspension in &truth.suspensions {
        let reason = match suspension.reason {
            0 => "Stopped by the user",
            1 => "Stopped by an alarm",
            2 => "Stopped by a malfunction",
            6 => "Stopped by the low-glucose suspend",
            other => panic!("reason {other}"),
        };
        let fields = [("reason", reason.into())];
        expect(
            "Basal Suspension",
            suspension.from,
            &[suspension.number],
            &fields,
        );
        if let (Some(resumed), Some(to)) = (suspension.resumed, suspension.to) {
            expect("Basal Resume", to, &[resumed], &[]);
        }
    }
    for off in &truth.shut_downs {
        if let Some(resumed) = off.resumed {
            expect("Basal Resume", off.to, &[resumed], &[]);
        }
    }
    for notice in &truth.notices {
        // That it has a name is said here, which one beside the events written by hand.
        let kind = match (notice.kind, notice.id) {
            (NoticeKind::Alarm, 18 | 23) | (NoticeKind::Cgm, 14) => continue,
            (NoticeKind::Alert, _) => "Pump Alert",
            (NoticeKind::Alarm | NoticeKind::Malfunction, _) => "Alarm",
            (NoticeKind::Cgm, _) => "CGM Alert",
        };
        let mut events = vec![notice.number];
        let mut fields = Vec::new();
        if let Some((number, at)) = notice.cleared {
            events.push(number);
            let minutes = (at - notice.at).num_seconds() as f64 / 60.0;
            fields.push(("duration", json!((minutes * 1000.0).round() / 1000.0)));
        }
        if notice.kind == NoticeKind::Alarm && [2, 26, 8, 12].contains(&notice.id) {
            fields.push(("isAnnouncement", true.into()));
        }
        expect(kind, notice.at, &events, &fields);
    }
    for switch in &truth.switches {
        let fields = [
            ("profile", switch.name.as_str().into()),
            ("duration", json!(0)),
        ];
        expect("Profile Switch", switch.at, &[switch.number], &fields);
    }
    let newest = history.events.last().expect("some events");
    for mode in &truth.modes {
        let kind = match mode.kind {
            ModeKind::Sleep => "Sleep",
            ModeKind::Exercise => "Exercise",
        };
        let to = mode
            .to
            .or(history.instant_of(newest.number))
            .expect("an end");
        let minutes = (to - mode.from).num_seconds() as f64 / 60.0;
        let length = (minutes * 1000.0).round() / 1000.0;
        let events: Vec<u64> = [mode.number].into_iter().chain(mode.stopped).collect();
        expect(kind, mode.from, &events, &[("duration", json!(length))]);
    }
    let mut started = Vec::new();
    for session in &truth.sessions {
        match (session.kind, session.started) {
            (SessionKind::Stop, _) => expect("Sensor Stop", session.at, &[session.number], &[]),
            (_, None) => expect("Note", session.at, &[session.number], &[]),
            (_, Some(start)) if started.contains(&start) => {}
            (_, Some(start)) => {
                started.push(start);
                expect("Sensor Start", start, &[session.number], &[]);
            }
        }
    }
    for check in truth.bg_checks.iter().filter(|check| check.typed) {
        let fields = [
            ("glucose", check.bg.into()),
            ("glucoseType", "Finger".into()),
            ("units", "mg/dl".into()),
        ];
        expect("BG Check", check.at, &[check.number], &fields);
    }
    all.sort_by(|one, other| (one.1, &one.0, &one.2).cmp(&(other.1, &other.0, &other.2)));
    all
}

#[track_caller]
fn assert_treatments(history: &History, treatments: &[Value]) {
    let mut found: Vec<&Value> = treatments
        .iter()
        .filter(|document| {
            let kind = text(document, "eventType");
            kind != "Temp Basal" && !kind.ends_with("Bolus")
        })
        .collect();
    found.sort_by_key(|document| {
        let events = text(document, "pump_event_id");
        (
            whole_second(filed(document)),
            text(document, "eventType"),
            events,
        )
    });
    let expected = expected(history);
    let names = |document: &&Value| {
        let events = text(document, "pump_event_id").to_owned();
        (text(document, "eventType").to_owned(), events)
    };
    assert_eq!(
        found.iter().map(names).collect::<Vec<_>>(),
        expected
            .iter()
            .map(|e| (e.0.clone(), e.2.clone()))
            .collect::<Vec<_>>(),
    );
    for (document, (_, at, _, fields)) in found.iter().zip(&expected) {
        // A later one of two in one second stands a millisecond behind.
        assert_eq!(whole_second(filed(document)), *at, "{document}");
        assert_eq!(text(document, "enteredBy"), "Pump (tconnectsync)");
        assert!(document["insulin"].is_null(), "{document}");
        for (field, value) in fields {
            let same = match (document[*field].as_f64(), value.as_f64()) {
                // A second is 0.017 minutes; the page shows three decimals.
                (Some(one), Some(other)) => (one - other).abs() < 1e-3,
                _ => document[*field] == *value,
            };
            assert!(same, "{field} of {document} should be {value}");
        }
    }
}

fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).expect("an instant")
}

/// Each reading once, at the time at which it was measured.
#[track_caller]
fn assert_readings(history: &History, entries: &[Value]) {
    let shown = |reading: &&Reading| reading.glucose != Glucose::Nothing;
    let mut expected: Vec<(DateTime<Utc>, i64, Option<&str>)> = history
        .truth
        .readings
        .iter()
        .filter(shown)
        .map(|reading| {
            let glucose = match reading.glucose {
                Glucose::Value(value) => value,
                Glucose::High => 401,
                Glucose::Low => 39,
                Glucose::Nothing => unreachable!("filtered out"),
            };
            (reading.at, glucose, arrow(reading))
        })
        .collect();
    expected.sort();
    let found: Vec<(DateTime<Utc>, i64, Option<&str>)> = entries
        .iter()
        .map(|entry| {
            assert_eq!(text(entry, "type"), "sgv");
            assert_eq!(text(entry, "device"), "Pump (tconnectsync)");
            let sgv = entry["sgv"].as_i64().expect("a number");
            (taken(entry), sgv, entry["direction"].as_str())
        })
        .collect();
    assert_eq!(found, expected);
}

/// Dexcom's arrow, where the sensor gives a rate.
fn arrow(reading: &Reading) -> Option<&'static str> {
    let tenths = reading.rate;
    if reading.backfilled || tenths == 127 {
        return None;
    }
    let steps = match tenths.abs() {
        0..=9 => 0,
        10..=19 => 1,
        20..=30 => 2,
        _ => 3,
    };
    let (up, down) = (
        ["Flat", "FortyFiveUp", "SingleUp", "DoubleUp"],
        ["Flat", "FortyFiveDown", "SingleDown", "DoubleDown"],
    );
    Some(if tenths > 0 { up[steps] } else { down[steps] })
}

#[test]
fn a_fortnight_with_everything_arrives_whole_and_a_second_run_writes_nothing() {
    for (seed, (sensor, days)) in (31..).zip(SENSORS) {
        let mut plan = Plan::days(seed, days);
        plan.sensor = sensor;
        let history = History::generate(&plan);
        let arrangement = arrange(history.clone(), EVERYTHING);
        let now = afterwards(&history);
        let first = arrangement.good_pass(now, &["--days", "15"]);
        assert_eq!(first.report.skipped, Default::default());
        let treatments = arrangement.nightscout.treatments();
        assert_treatments(&history, &treatments);
        assert_basal(&history.truth, &treatments, plan.start, plan.end);
        assert_boluses(&history.truth, &treatments, plan.start, plan.end);
        assert_readings(&history, &arrangement.nightscout.entries());
        assert_eq!(arrangement.nightscout.devicestatuses().len(), 1);
        assert_eq!(arrangement.nightscout.profiles().len(), 1);

        let writes = arrangement.nightscout.writes();
        let second = arrangement.good_pass(now, &["--days", "15"]);
        let summary = second.report.summary();
        assert_eq!(arrangement.nightscout.writes(), writes, "{summary}");
        assert!(summary.starts_with("Nothing new; "), "{summary}");
        assert_eq!(arrangement.nightscout.deletions(), 0);
    }
}

#[test]
fn a_run_cut_off_at_any_request_is_made_good_by_the_next_one() {
    let history = History::generate(&Plan::days(36, 1));
    let now = afterwards(&history);
    let whole = arrange(history.clone(), EVERYTHING);
    whole.good_pass(now, &["--days", "2"]);
    let requests = whole.nightscout.request_count();
    for number in 1..=requests {
        for kind in [Kind::Drop, Kind::DropAfterHandling] {
            let arrangement = arrange(history.clone(), EVERYTHING);
            let site = &arrangement.nightscout;
            // The tries that follow the first one meet the same fate.
            site.inject(Fault::from(number, kind));
            arrangement.pass(now, &["--days", "2"]);
            site.heal();
            arrangement.good_pass(now, &["--days", "2"]);
            let whole = &whole.nightscout;
            let same = [
                (site.treatments(), whole.treatments()),
                (site.entries(), whole.entries()),
                (site.devicestatuses(), whole.devicestatuses()),
                (site.profiles(), whole.profiles()),
            ];
            for (mended, undisturbed) in same {
                assert_eq!(without_ids(mended), without_ids(undisturbed), "{number}");
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::invariants::cases(4))]

    #[test]
    fn runs_at_any_moments_end_in_the_documents_of_one_run(
        seed in 0_u64..1_000,
        sensor in 0_usize..4,
        cuts in prop::collection::btree_set(60_i64..5 * 24 * 60, 1..5),
        late in 0_i64..90,
    ) {
        let mut plan = Plan::days(seed, 5);
        plan.sensor = SENSORS[sensor].0;
        let history = History::generate(&plan);
        let piecemeal = arrange(history.clone(), EVERYTHING);
        // The first run reaches back to the beginning; from what it writes, the next one knows where to go on.
        let mut days = "7";
        for minute in cuts {
            let uploaded = plan.start + Duration::minutes(minute);
            piecemeal.tandem.set_uploaded_until(uploaded);
            piecemeal.good_pass(uploaded + Duration::minutes(late), &["--days", days]);
            days = "1";
        }
        let now = afterwards(&history);
        piecemeal.tandem.set_uploaded_until(plan.end);
        piecemeal.good_pass(now, &[]);

        let whole = arrange(history, EVERYTHING);
        whole.tandem.set_uploaded_until(plan.end);
        whole.good_pass(now, &["--days", "7"]);
        let (piecemeal, whole) = (&piecemeal.nightscout, &whole.nightscout);
        prop_assert_eq!(without_ids(piecemeal.treatments()), without_ids(whole.treatments()));
        prop_assert_eq!(without_ids(piecemeal.entries()), without_ids(whole.entries()));
        let newest = |site: &Nightscout| without_ids(site.devicestatuses()).pop();
        prop_assert_eq!(newest(piecemeal), newest(whole));
        prop_assert_eq!(piecemeal.profiles().len(), 1);
    }
}
