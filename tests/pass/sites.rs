//! Sites that hold something already, and documents of other tools.

use chrono::{Duration, SecondsFormat};
use serde_json::{Value, json};

use tconnectsync_heroku::failure::ExitStatus;

use super::{filed, number, text};
use crate::arrangement::{Arrangement, without_ids};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::history::{History, Plan};
use crate::simulator::nightscout::{Nightscout, Version};

const VERSIONS: [Version; 3] = [Version::V14_2_6, Version::V15_0_6, Version::V15_0_7];

/// What tconnectsync wrote of these documents: no identifier, every bolus a combo bolus, whole seconds and a blank
/// in the time.
fn as_tconnectsync_wrote(documents: Vec<Value>, with_event_ids: bool) -> Vec<Value> {
    let rewritten = documents.into_iter().map(|document| {
        let at = filed(&document).with_timezone(&chrono_tz::America::New_York);
        let bolus = text(&document, "eventType").ends_with("Bolus");
        let events = text(&document, "pump_event_id").to_owned();
        json!({
            "eventType": if bolus { "Combo Bolus" } else { "Temp Basal" },
            "created_at": at.format("%Y-%m-%d %H:%M:%S%z").to_string(),
            "enteredBy": "Pump (tconnectsync)",
            "pump_event_id": if with_event_ids { events } else { String::new() },
            "insulin": document["insulin"],
            "carbs": document["carbs"],
            "absolute": document["absolute"],
            "rate": document["rate"],
            "duration": document["duration"],
        })
    });
    rewritten.collect()
}

#[test]
fn a_site_that_tconnectsync_filled_gets_no_second_copy_of_any_delivery() {
    for version in VERSIONS {
        for with_event_ids in [true, false] {
            let history = History::generate(&Plan::days(21, 1));
            let now = history.plan.end + Duration::minutes(20);
            let model = Arrangement::of(history.clone());
            model.good_pass(now, &["--days", "2"]);
            let before = model.nightscout.treatments();
            let arrangement = Arrangement::with(history, Nightscout::version(version));
            for document in as_tconnectsync_wrote(before.clone(), with_event_ids) {
                let created_at = filed(&normalised(&document));
                let mut document = document;
                document["created_at"] = created_at
                    .to_rfc3339_opts(SecondsFormat::Millis, true)
                    .into();
                arrangement.nightscout.insert_treatment(document);
            }
            let there = arrangement.nightscout.treatments();
            let outcome = arrangement.good_pass(now, &["--days", "2"]);
            let after = arrangement.nightscout.treatments();
            assert!(there.iter().all(|document| after.contains(document)));
            // It tells nothing of what a bolus gives over time: that comes from here, and nothing else does.
            let later = |document: &&Value| number(document, "relative") > 0.0;
            let expected: Vec<&Value> = before.iter().filter(later).collect();
            let new = after.iter().filter(|document| !there.contains(document));
            let new: Vec<&Value> = new.collect();
            assert_eq!(new.len(), expected.len(), "{}", outcome.report.summary());
            for (rest, whole) in new.iter().zip(&expected) {
                for field in ["eventType", "relative", "duration", "identifier"] {
                    assert_eq!(rest[field], whole[field], "{field}");
                }
                assert!(
                    rest["insulin"].is_null() && rest["carbs"].is_null(),
                    "{rest}"
                );
            }
            assert_eq!(
                outcome.report.uploads.total(|tally| tally.already),
                before.len() - expected.len()
            );
            arrangement.writes_nothing_more(now, &["--days", "2"]);
        }
    }
}

#[test]
fn what_tconnectsync_left_out_of_a_delivery_is_written_beside_it() {
    for version in VERSIONS {
        let history = History::generate(&Plan::days(21, 1));
        let now = history.plan.end + Duration::minutes(20);
        let model = Arrangement::of(history.clone());
        model.good_pass(now, &["--days", "2"]);
        let before = model.nightscout.treatments();
        let arrangement = Arrangement::with(history, Nightscout::version(version));
        let minutes = |document: &Value| number(document, "duration");
        for document in as_tconnectsync_wrote(before.clone(), true) {
            let mut document = document;
            let at = filed(&normalised(&document));
            document["created_at"] = at.to_rfc3339_opts(SecondsFormat::Millis, true).into();
            // Carbs that it did not know yet, and rates that it knew two minutes of.
            document["carbs"] = Value::Null;
            if document["insulin"].is_null() {
                document["duration"] = 2.into();
            }
            arrangement.nightscout.insert_treatment(document);
        }
        arrangement.good_pass(now, &["--days", "2"]);
        let after = arrangement.nightscout.treatments();
        let ours = |whole: &Value| {
            let mut found = after
                .iter()
                .filter(|found| found["identifier"] == whole["identifier"]);
            (found.next().cloned(), found.count())
        };
        for whole in &before {
            let (rest, others) = ours(whole);
            assert_eq!(others, 0);
            match text(whole, "eventType") {
                "Temp Basal" if minutes(whole) > 2.1 => {
                    let rest = rest.expect("the rest of a rate");
                    assert_eq!(filed(&rest), filed(whole) + Duration::minutes(2), "{rest}");
                    assert!(
                        (minutes(&rest) + 2.0 - minutes(whole)).abs() < 1e-6,
                        "{rest}"
                    );
                    assert_eq!(rest["absolute"], whole["absolute"]);
                }
                "Meal Bolus" => {
                    let rest = rest.expect("the carbs");
                    assert_eq!(rest["carbs"], whole["carbs"]);
                    assert!(rest["insulin"].is_null(), "{rest}");
                }
                "Correction Bolus" => assert_eq!(rest, None),
                _ => {}
            }
        }
        let writes = arrangement.nightscout.writes();
        let again = arrangement.good_pass(now, &["--days", "2"]);
        assert_eq!(arrangement.nightscout.writes(), writes);
        assert!(
            again.report.doubles.is_empty(),
            "{:?}",
            again.report.doubles
        );
        // Once tconnectsync's document is gone, ours is whole.
        for document in after
            .iter()
            .filter(|document| document["identifier"].is_null())
        {
            arrangement.remove_treatment(document);
        }
        arrangement.good_pass(now, &["--days", "2"]);
        assert_eq!(
            without_ids(arrangement.nightscout.treatments()),
            without_ids(before),
            "{version:?}"
        );
    }
}

/// The time with the `T` that the parser of the tests wants.
fn normalised(document: &Value) -> Value {
    let created_at = text(document, "created_at").replacen(' ', "T", 1);
    let (time, zone) = created_at.split_at(created_at.len() - 2);
    json!({ "created_at": format!("{time}:{zone}") })
}

#[test]
fn a_delivery_that_tconnectsync_filed_an_hour_off_counts_as_there() {
    let history = History::generate(&Plan::days(22, 1));
    let now = history.plan.end + Duration::minutes(20);
    let arrangement = Arrangement::of(history.clone());
    let model = Arrangement::of(history);
    model.good_pass(now, &["--days", "2"]);
    let bolus = model
        .nightscout
        .treatments()
        .into_iter()
        .find(|document| text(document, "eventType") == "Meal Bolus")
        .expect("a meal");
    let main = text(&bolus, "pump_event_id")
        .split(',')
        .next()
        .expect("an event")
        .to_owned();
    arrangement.nightscout.insert_treatment(json!({
        "eventType": "Combo Bolus",
        "created_at": (filed(&bolus) - Duration::hours(1)).to_rfc3339_opts(SecondsFormat::Millis, true),
        "enteredBy": "Pump (tconnectsync)",
        "pump_event_id": main,
        "insulin": bolus["insulin"],
        "carbs": bolus["carbs"],
    }));
    arrangement.good_pass(now, &["--days", "2"]);
    let copies = arrangement
        .nightscout
        .treatments()
        .into_iter()
        .filter(|document| {
            text(document, "eventType").ends_with("Bolus")
                && text(document, "pump_event_id")
                    .split(',')
                    .any(|number| number == main)
        });
    assert_eq!(copies.count(), 1);
}

#[test]
fn documents_of_other_tools_stay_as_they_are_even_on_the_same_millisecond() {
    for version in VERSIONS {
        let history = History::generate(&Plan::days(23, 1));
        let now = history.plan.end + Duration::minutes(20);
        let model = Arrangement::of(history.clone());
        model.good_pass(now, &["--days", "2"]);
        let ours = model.nightscout.treatments();
        let arrangement = Arrangement::with(history, Nightscout::version(version));
        for document in ours.iter().step_by(10) {
            arrangement.nightscout.insert_treatment(json!({
                "eventType": document["eventType"],
                "created_at": document["created_at"],
                "enteredBy": "a parent",
                "notes": "by hand",
            }));
        }
        let foreign = arrangement.nightscout.treatments();
        arrangement.good_pass(now, &["--days", "2"]);
        let all = arrangement.nightscout.treatments();
        assert_eq!(all.len(), foreign.len() + ours.len());
        assert!(foreign.iter().all(|document| all.contains(document)));
        arrangement.writes_nothing_more(now, &["--days", "2"]);
    }
}

#[test]
fn a_document_changed_by_a_later_event_keeps_what_others_added() {
    for version in VERSIONS {
        let history = History::generate(&Plan::days(24, 1));
        let now = history.plan.end + Duration::minutes(30);
        let arrangement = Arrangement::with(history, Nightscout::version(version));
        arrangement.good_pass(now, &[]);
        let newest = newest_basal(&arrangement);
        let mut marked = newest.clone();
        marked["reviewed"] = "by the clinic".into();
        // As it stood before the next rate was known.
        marked["duration"] = 2.into();
        arrangement.edit_treatment(&marked);
        let outcome = arrangement.good_pass(now, &[]);
        assert_eq!(outcome.report.uploads.total(|tally| tally.updated), 1);
        let after = arrangement.nightscout.treatments();
        let same = |document: &&Value| document["identifier"] == newest["identifier"];
        let found: Vec<&Value> = after.iter().filter(same).collect();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["reviewed"], "by the clinic");
        assert_eq!(found[0]["duration"], newest["duration"]);
    }
}

fn newest_basal(arrangement: &Arrangement) -> Value {
    let treatments = arrangement.nightscout.treatments();
    let basal = |document: &Value| text(document, "eventType") == "Temp Basal";
    treatments.into_iter().rfind(basal).expect("some basal")
}

#[test]
fn a_site_behind_a_path_and_one_with_offsets_in_its_times_work_alike() {
    let history = History::generate(&Plan::days(25, 1));
    let now = history.plan.end + Duration::minutes(20);
    let plain = Arrangement::of(history.clone());
    plain.good_pass(now, &[]);
    let nightscout = Nightscout::with(|settings| {
        settings.base_path = "/ns".to_owned();
        settings.readable = false;
        settings.de_normalize_dates = true;
    });
    let other = Arrangement::with(history, nightscout);
    other.good_pass(now, &[]);
    assert_eq!(
        without_ids(plain.nightscout.treatments()),
        without_ids(other.nightscout.treatments())
    );
    other.writes_nothing_more(now, &[]);
}

#[test]
fn what_is_large_goes_up_compressed_where_the_site_reads_that() {
    let encodings = |arrangement: &Arrangement| {
        let writes = arrangement
            .nightscout
            .requests_to("POST", "/api/v1/treatments");
        let encoding = |write: &crate::simulator::server::Request| {
            write.header("content-encoding").map(str::to_owned)
        };
        writes.iter().map(encoding).collect::<Vec<_>>()
    };
    let history = History::generate(&Plan::days(26, 1));
    let now = history.plan.end + Duration::minutes(20);
    let site = Arrangement::of(history.clone());
    site.good_pass(now, &[]);
    assert_eq!(encodings(&site), [Some("gzip".to_owned())]);

    let expected = without_ids(site.nightscout.treatments());
    // A firewall before the site refuses them too, with another status.
    for status in [415, 403] {
        let refusing = Arrangement::of(history.clone());
        refusing.nightscout.inject(Fault::on(
            "POST",
            "/api/v1/treatments",
            Times::Nth(1),
            Kind::status(status),
        ));
        refusing.good_pass(now, &[]);
        assert_eq!(encodings(&refusing), [Some("gzip".to_owned()), None]);
        let written = without_ids(refusing.nightscout.treatments());
        assert_eq!(written, expected, "{status}");
    }

    let nameless =
        Nightscout::with(|settings| settings.version_text = Some("of our own".to_owned()));
    let imitation = Arrangement::with(history, nameless);
    imitation.good_pass(now, &[]);
    assert_eq!(encodings(&imitation), [None]);
    assert_eq!(without_ids(imitation.nightscout.treatments()), expected);
}

/// Before 15.0.7 a changed document goes up by `PUT`, for which a token needs a permission of its own.
#[test]
fn a_token_that_may_not_update_keeps_nothing_new_back() {
    for version in [Version::V14_2_6, Version::V15_0_6] {
        let history = History::generate(&Plan::days(24, 1));
        let now = history.plan.end + Duration::minutes(20);
        let mut arrangement = Arrangement::with(history, Nightscout::version(version));
        arrangement.good_pass(now, &["--days", "2"]);
        let whole = arrangement.nightscout.treatments();
        let basal = |nth: usize| {
            let basal = |document: &&Value| text(document, "eventType") == "Temp Basal";
            whole
                .iter()
                .filter(basal)
                .nth(nth)
                .expect("a basal")
                .clone()
        };
        let missing = basal(3);
        arrangement.remove_treatment(&missing);
        let mut changed = basal(5);
        changed["duration"] = 77.into();
        arrangement.edit_treatment(&changed);
        // This one stands where another belongs, which is missing.
        let displaced = basal(9);
        arrangement.remove_treatment(&displaced);
        let mut in_its_place = basal(7);
        in_its_place["created_at"] = displaced["created_at"].clone();
        arrangement.edit_treatment(&in_its_place);

        let permissions = ["api:treatments:create,read"];
        let token = arrangement.nightscout.add_token("creator", &permissions);
        arrangement.set("NS_SECRET", &token);
        let outcome = arrangement.pass(now, &["--days", "2"]);
        assert_eq!(outcome.status(), ExitStatus::CredentialsRejected);
        let message = outcome.message().expect("a failure");
        assert!(
            message.contains("may add treatments, but not update them"),
            "{message}"
        );
        assert!(message.contains("api:treatments:*"), "{message}");
        assert_eq!(outcome.report.uploads.total(|tally| tally.created), 1);
        let found = |wanted: &Value| {
            let there = arrangement.nightscout.treatments();
            let same = |document: &Value| document["identifier"] == wanted["identifier"];
            there.into_iter().find(same)
        };
        assert!(found(&missing).is_some());
        assert_eq!(found(&changed).expect("still there")["duration"], 77);
        assert!(found(&displaced).is_none());
        let kept = found(&in_its_place).expect("still there");
        assert_eq!(kept["created_at"], displaced["created_at"]);

        arrangement.set("NS_SECRET", Nightscout::API_SECRET);
        arrangement.good_pass(now, &["--days", "2"]);
        assert_eq!(
            without_ids(arrangement.nightscout.treatments()),
            without_ids(whole)
        );
    }
}
