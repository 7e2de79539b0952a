//! Boluses whose events come hours apart, in every order: each ends as one document with the right amounts.

use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use tconnectsync_heroku::config::{Feature, FeatureSet, PumpSerial};
use tconnectsync_heroku::nightscout::GlucoseUnits;
use tconnectsync_heroku::nightscout::document::{
    Conventions, ENTERED_BY, Existing, Identity, Subject,
};
use tconnectsync_heroku::pump::clock::{Evidence, PumpClock};
use tconnectsync_heroku::pump::decode::Decoded;
use tconnectsync_heroku::pump::event::EventId;
use tconnectsync_heroku::reconcile::reconcile;
use tconnectsync_heroku::tandem::PumpLogs;
use tconnectsync_heroku::translate::{self, History, TranslateOptions};

use super::{by_hand, noon_after};
use crate::pass::by_hand::event;
use crate::pass::text;
use crate::simulator::nightscout::{Nightscout, Version};
use crate::simulator::rng::Rng;

const SERIAL: &str = "90001234";

/// Code 280 as captured: its status, and how much was delivered so far, in mU.
fn report(sequence: u64, time: &str, status: i64, asked: [i64; 3], delivered: i64) -> Value {
    let [now, later, minutes] = asked;
    let parts = if later > 0 {
        json!([0, 1, 4])
    } else {
        json!([0, 3, 4])
    };
    let properties = json!({
        "bolusId": 7, "bolusDeliveryStatus": status, "bolusType": parts, "bolusSource": 8, "remoteId": 76,
        "requestedNow": now, "requestedLater": later, "correction": 640, "extendedDurationRequested": minutes,
        "deliveredTotal": delivered,
    });
    event(sequence, time, 280, properties)
}

fn ended(
    sequence: u64,
    time: &str,
    code: u32,
    status: i64,
    delivered: f64,
    requested: f64,
) -> Value {
    let properties = json!({
        "completionStatus": status, "bolusId": 7, "iob": 3.2, "insulinDelivered": delivered,
        "insulinRequested": requested,
    });
    event(sequence, time, code, properties)
}

fn requests(percent: i64, minutes: i64, total: f64) -> Vec<Value> {
    let first = json!({
        "bolusId": 7, "bolusType": 1, "correctionBolusIncluded": 1, "carbAmount": 15, "bg": 131, "iob": 0.06,
        "carbRatio": 6000,
    });
    let second = json!({
        "bolusId": 7, "options": 1, "standardPercent": percent, "duration": minutes, "isf": 33, "targetBg": 110,
        "userOverride": 0, "declinedCorrection": 0, "selectedIob": 1,
    });
    let third = json!({
        "bolusId": 7, "foodBolusSize": total - 0.64, "correctionBolusSize": 0.64, "totalBolusSize": total,
    });
    vec![
        event(38, "12:45:32", 64, first),
        event(39, "12:45:32", 65, second),
        event(40, "12:45:32", 66, third),
    ]
}

fn begun(sequence: u64, time: &str, code: u32, size: &str, units: f64) -> Value {
    let properties = json!({"bolusId": 7, "selectedIob": 1, "iob": 0.059_388_563, size: units});
    event(sequence, time, code, properties)
}

/// A meal bolus of 3.19 U, given at once.
fn standard() -> Vec<Value> {
    let mut events = requests(100, 0, 3.19);
    events.extend([
        begun(47, "12:45:47", 55, "bolusSize", 3.189_999_9),
        report(48, "12:45:47", 1, [3190, 0, 0], 0),
        report(60, "12:47:18", 0, [3190, 0, 0], 3190),
        ended(62, "12:47:18", 20, 3, 3.189_999_9, 3.189_999_9),
    ]);
    events
}

/// A bolus of 2 U at once and 6 U over three hours, of which its user let 4.5 U go in: in two hours and a quarter.
fn extended() -> Vec<Value> {
    let asked = [2000, 6000, 180];
    let mut events = requests(25, 180, 8.0);
    events.extend([
        begun(47, "12:45:47", 55, "bolusSize", 2.0),
        report(48, "12:45:47", 1, asked, 0),
        ended(60, "12:46:47", 20, 3, 1.999_999_7, 2.0),
        begun(62, "12:46:47", 59, "bolexSize", 6.0),
        report(63, "12:46:47", 1, asked, 2000),
        report(70, "13:46:47", 1, asked, 4000),
        ended(90, "15:01:47", 21, 0, 4.500_000_1, 6.0),
        report(91, "15:01:47", 0, asked, 6500),
    ]);
    events
}

/// A site that holds documents, without any service around it.
#[derive(Default)]
struct Held(Vec<Map<String, Value>>);

impl Held {
    /// What a run that sees these events writes; gives how many documents.
    fn run(&mut self, events: &[&Value]) -> usize {
        let zone = chrono_tz::America::New_York;
        let conventions = Conventions {
            zone,
            units: GlucoseUnits::MgDl,
        };
        let text = json!({"events": events, "clockChanges": []}).to_string();
        let decoded = Decoded::from_logs(PumpLogs::from_json(text)).expect("logs");
        let evidence = Evidence {
            newest: decoded.events.last().map(|event| event.pump_time),
            last_upload: None,
            upload_is_certain: true,
            now: noon_after(),
        };
        let clock = PumpClock::judge(zone, &[], &evidence);
        let serial = PumpSerial::new(SERIAL).expect("a serial number");
        let events = clock.date(decoded.events);
        let history = History {
            serial: &serial,
            events: &events,
        };
        let features: FeatureSet = [Feature::Bolus].into_iter().collect();
        let options = TranslateOptions {
            features: &features,
            ignore_zero_unit_basal: false,
            written_until: noon_after(),
        };
        let existing: Vec<Existing> = self
            .0
            .iter()
            .cloned()
            .map(Existing::from_document)
            .collect();
        let plan = reconcile(
            translate::treatments(&history, &options),
            &existing,
            conventions,
        );
        let writes = plan.create.len() + plan.update.len();
        for update in plan.update {
            let held = self
                .0
                .iter_mut()
                .find(|held| held["_id"].as_str() == update.id.as_deref());
            let held = held.expect("the document to replace");
            let id = held["_id"].clone();
            *held = update.document;
            held.insert("_id".to_owned(), id);
        }
        for treatment in plan.create {
            let mut document = treatment.to_json(conventions);
            document.insert("_id".to_owned(), format!("id {}", self.0.len()).into());
            self.0.push(document);
        }
        writes
    }

    /// What the documents say, whoever they are.
    fn say(&self) -> Vec<Map<String, Value>> {
        let mut documents = self.0.clone();
        for document in &mut documents {
            document.remove("_id");
            document.remove("identifier");
        }
        documents
    }
}

/// What a run leaves that sees all events at once.
fn at_once(events: &[Value]) -> Vec<Map<String, Value>> {
    let mut site = Held::default();
    site.run(&events.iter().collect::<Vec<_>>());
    assert_eq!(site.0.len(), 1, "{:#?}", site.0);
    site.say()
}

fn chosen(events: &[Value], mask: usize) -> Vec<&Value> {
    let chosen = events.iter().enumerate();
    chosen
        .filter(|(index, _)| mask >> index & 1 == 1)
        .map(|(_, event)| event)
        .collect()
}

#[test]
fn whatever_comes_first_the_bolus_ends_as_one_document_that_a_further_run_leaves_alone() {
    for events in [standard(), extended()] {
        let whole = at_once(&events);
        let all = (1 << events.len()) - 1;
        for first in 0..=all {
            let mut site = Held::default();
            site.run(&chosen(&events, first));
            assert!(site.0.len() <= 1, "{first:b}: {:#?}", site.0);
            site.run(&chosen(&events, all));
            assert_eq!(site.say(), whole, "{first:b} first");
            assert_eq!(site.run(&chosen(&events, all)), 0, "{first:b} first");
        }
    }
}

#[test]
fn in_any_order_one_after_the_other_they_end_as_one_document() {
    let mut rng = Rng::new(3, 1);
    for events in [standard(), extended()] {
        let whole = at_once(&events);
        for _ in 0..300 {
            let mut site = Held::default();
            let mut come = 0;
            while come + 1 < 1 << events.len() {
                come |= 1 << rng.between(0, events.len() as i64 - 1);
                site.run(&chosen(&events, come));
                assert!(site.0.len() <= 1, "{come:b}: {:#?}", site.0);
            }
            assert_eq!(site.say(), whole);
        }
    }
}

/// U at once, U over time, and how many minutes of it; `None` where there is no document.
fn amounts(events: &[&Value]) -> Option<(f64, f64, f64)> {
    let mut site = Held::default();
    site.run(events);
    let document = site.0.pop()?;
    let number = |field: &str| document.get(field).and_then(Value::as_f64).unwrap_or(0.0);
    let later = number("relative") * number("duration") / 60.0;
    let later = (later * 1000.0).round() / 1000.0;
    Some((number("insulin"), later, number("duration")))
}

fn without<'a>(events: &'a [Value], sequences: &[u64]) -> Vec<&'a Value> {
    let kept = events.iter().filter(|event| {
        let sequence = event["sequenceNumber"].as_u64();
        sequence.is_some_and(|sequence| !sequences.contains(&sequence))
    });
    kept.collect()
}

#[test]
fn what_280_says_was_delivered_stands_for_a_missing_end() {
    let events = standard();
    assert_eq!(amounts(&without(&events, &[62])), Some((3.19, 0.0, 0.0)));
    // It began, and that is all.
    assert_eq!(amounts(&without(&events, &[60, 62])), None);
    // Nothing but that report.
    let alone = without(&events, &[38, 39, 40, 47, 48, 62]);
    assert_eq!(amounts(&alone), Some((3.19, 0.0, 0.0)));

    let events = extended();
    let whole = Some((2.0, 4.5, 135.0));
    for missing in [
        &[][..],
        &[60],
        &[90],
        &[60, 90],
        &[60, 62, 90],
        &[60, 63, 70],
        &[62, 90],
    ] {
        assert_eq!(
            amounts(&without(&events, missing)),
            whole,
            "without {missing:?}"
        );
    }
    // As long as it runs, what was asked for.
    let running = without(&events, &[60, 90, 91]);
    assert_eq!(amounts(&running), Some((2.0, 6.0, 180.0)));
    // Only that it is over: all of it went in at the end, as far as anybody knows.
    let alone = without(&events, &[38, 39, 40, 47, 48, 60, 62, 63, 70, 90]);
    assert_eq!(amounts(&alone), Some((6.5, 0.0, 0.0)));
}

#[test]
fn a_bolus_that_280_says_was_cut_short_says_so() {
    let mut events = requests(100, 0, 3.19);
    events.push(report(60, "12:46:18", 0, [3190, 0, 0], 1047));
    let mut site = Held::default();
    site.run(&events.iter().collect::<Vec<_>>());
    assert_eq!(site.0[0]["insulin"], 1.047);
    assert_eq!(
        site.0[0]["notes"],
        "Extended bolus, stopped: 1.047 of 3.19 U"
    );
    // An extended one that did not come to its later part.
    let mut events = requests(25, 180, 8.0);
    events.push(report(60, "12:46:18", 0, [2000, 6000, 180], 500));
    assert_eq!(
        amounts(&events.iter().collect::<Vec<_>>()),
        Some((0.5, 0.0, 0.0))
    );
}

/// A document as the version before wrote it, which filed it under this event.
fn written_before(main: i64, at: &str, told: &str, fields: Value) -> Map<String, Value> {
    let serial = PumpSerial::new(SERIAL).expect("a serial number");
    let id = EventId {
        number: main,
        group: 0,
    };
    let identity = Identity::new(&serial, Subject::Bolus, id, &[]);
    let mut document = json!({
        "_id": "before", "identifier": identity.identifier.to_string(), "enteredBy": ENTERED_BY,
        "created_at": format!("2026-05-14T{at}.000Z"), "pump_event_id": told,
    });
    let object = document.as_object_mut().expect("an object");
    object.extend(fields.as_object().cloned().unwrap_or_default());
    object.clone()
}

#[test]
fn documents_of_the_version_before_are_found_again_whatever_they_were_filed_under() {
    let events = extended();
    let whole = at_once(&events);
    for (main, at, told) in [
        (60, "16:46:47", "60,38,39,40,63,62"),
        (62, "16:46:47", "62,38,39,40"),
        (38, "16:45:32", "38,39,40,90"),
        (90, "19:01:47", "90"),
    ] {
        let fields = json!({"eventType": "Combo Bolus", "insulin": 2, "carbs": 15});
        let mut site = Held(vec![written_before(main, at, told, fields)]);
        let identifier = site.0[0]["identifier"].clone();
        site.run(&events.iter().collect::<Vec<_>>());
        assert_eq!(site.say(), whole, "filed under {main}");
        assert_eq!(site.0[0]["identifier"], identifier);
    }
    // As the calculation comes to the documents of the last day: once.
    let fields = json!({
        "eventType": "Meal Bolus", "insulin": 3.19, "carbs": 15, "glucose": 131, "units": "mg/dl",
        "notes": "Extended bolus",
    });
    let before = written_before(62, "16:47:18", "62,38,39,40,60", fields);
    let mut site = Held(vec![before]);
    let events = standard();
    assert_eq!(site.run(&events.iter().collect::<Vec<_>>()), 1);
    assert_eq!(site.run(&events.iter().collect::<Vec<_>>()), 0);
    assert_eq!(site.say(), at_once(&events));
}

#[test]
fn another_pumps_bolus_with_the_same_numbers_is_another_bolus() {
    let events = standard();
    let mut site = Held::default();
    site.run(&events.iter().collect::<Vec<_>>());
    // Of the same pump after its numbers began again, and of nobody known.
    let mut again = events.clone();
    for event in &mut again {
        event["sequenceGroup"] = 1.into();
    }
    site.run(&again.iter().collect::<Vec<_>>());
    assert_eq!(site.0.len(), 2);
}

#[test]
fn hours_apart_on_a_real_site_of_any_version_there_is_one_document() {
    let now: DateTime<Utc> = "2026-05-14T20:30:00Z".parse().expect("an instant");
    for version in [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7] {
        for (mut events, first) in [
            (standard(), vec![60]),
            (standard(), vec![62]),
            (extended(), vec![90]),
            (extended(), vec![62, 63]),
            (extended(), vec![91]),
        ] {
            let mut site = by_hand(&[], "BOLUS");
            site.nightscout = Nightscout::version(version);
            site.set("NS_URL", &site.nightscout.url());
            let early = events.iter().filter(|event| {
                let sequence = event["sequenceNumber"].as_u64().unwrap_or_default();
                first.contains(&sequence)
            });
            let early: Vec<Value> = early.cloned().collect();
            site.tandem
                .serve_pump_logs(json!({"events": early, "clockChanges": []}));
            site.good_pass(now, &[]);
            assert_eq!(site.nightscout.treatments().len(), 1);
            events.reverse();
            site.tandem
                .serve_pump_logs(json!({"events": events, "clockChanges": []}));
            for hours in [3, 4, 20] {
                site.good_pass(now + Duration::hours(hours), &[]);
                let found = site.nightscout.treatments();
                assert_eq!(found.len(), 1, "{first:?}: {found:#?}");
            }
            // One to change it, and no more.
            assert_eq!(site.nightscout.writes(), 2);
            let document = site.nightscout.treatments().remove(0);
            assert_eq!(
                text(&document, "pump_event_id").split(',').count(),
                document_length(&events)
            );
        }
    }
}

/// How many events a whole document tells of.
fn document_length(events: &[Value]) -> usize {
    if events.len() > 7 { 7 } else { 5 }
}
