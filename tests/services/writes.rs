//! Writing to Nightscout: batches, halving, refused documents, and a site that fails.

use serde_json::{Map, Value, json};
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::nightscout::Collection::{DeviceStatus, Entries, Profile, Treatments};
use tconnectsync_heroku::nightscout::Written;

use super::{basal, fails, site, write};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::nightscout::{Nightscout, Version};

const TREATMENTS: &str = "/api/v1/treatments";

fn basals(count: usize) -> Vec<Map<String, Value>> {
    (0..count).map(basal).collect()
}

/// The identifiers that the site stored, in the order in which they were given.
fn stored(nightscout: &Nightscout) -> Vec<usize> {
    let treatments = nightscout.treatments();
    let numbers = treatments.iter().map(|document| {
        let identifier = document["identifier"].as_str().expect("an identifier");
        identifier
            .trim_start_matches("basal-")
            .parse()
            .expect("a number")
    });
    numbers.collect()
}

fn refused(written: &Written) -> Vec<usize> {
    written
        .refused
        .iter()
        .map(|refused| refused.index)
        .collect()
}

#[test]
fn documents_go_up_in_order_five_hundred_at_a_time() {
    let nightscout = Nightscout::start();
    let written = write(&site(&nightscout), Treatments, &basals(1200)).unwrap();
    assert_eq!((written.accepted, written.requests), (1200, 3));
    let firsts: Vec<Value> = nightscout
        .requests()
        .iter()
        .map(|request| request.json().unwrap()[0]["identifier"].clone())
        .collect();
    assert_eq!(firsts, ["basal-0", "basal-500", "basal-1000"]);
}

#[test]
fn nothing_to_write_is_no_request() {
    let nightscout = Nightscout::start();
    assert_eq!(
        write(&site(&nightscout), Treatments, &[]).unwrap(),
        Written::default()
    );
    assert_eq!(nightscout.request_count(), 0);
}

#[test]
fn what_is_too_large_is_halved_and_stays_so() {
    let nightscout = Nightscout::with(|settings| settings.body_limit = Some(20_000));
    let written = write(&site(&nightscout), Treatments, &basals(900)).unwrap();
    assert_eq!(written.accepted, 900);
    assert_eq!(stored(&nightscout), (0..900).collect::<Vec<_>>());
    let too_large = nightscout
        .requests()
        .iter()
        .filter(|request| request.status == Some(413))
        .count();
    assert!(too_large <= 4, "{too_large} requests were too large");
}

#[test]
fn one_document_that_is_too_large_costs_itself_only() {
    let nightscout = Nightscout::with(|settings| settings.body_limit = Some(3_000));
    let mut documents = basals(8);
    documents[3].insert("notes".to_owned(), json!("long ".repeat(1000)));
    let written = write(&site(&nightscout), Treatments, &documents).unwrap();
    assert_eq!(written.accepted, 7);
    assert_eq!(refused(&written), [3]);
}

#[test]
fn what_a_proxy_gives_up_on_is_halved() {
    let nightscout = Nightscout::start();
    let kind = Kind::AfterHandling(Box::new(Kind::status(504)));
    nightscout.inject(Fault::on("POST", TREATMENTS, Times::First(2), kind));
    let written = write(&site(&nightscout), Treatments, &basals(500)).unwrap();
    // The site has them all, as a look at it shows.
    assert_eq!((written.accepted, written.requests), (500, 1));
    assert_eq!(stored(&nightscout), (0..500).collect::<Vec<_>>());
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on(
        "POST",
        TREATMENTS,
        Times::First(2),
        Kind::status(504),
    ));
    let written = write(&site(&nightscout), Treatments, &basals(500)).unwrap();
    assert_eq!((written.accepted, written.requests), (500, 6));
    assert_eq!(stored(&nightscout), (0..500).collect::<Vec<_>>());
}

#[test]
fn a_proxy_that_always_gives_up_is_a_failure() {
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on(
        "POST",
        TREATMENTS,
        Times::Always,
        Kind::status(504),
    ));
    fails(
        write(&site(&nightscout), Treatments, &basals(500)),
        ExitStatus::Unavailable,
    );
    // Before each repeat the site is asked whether it has taken the documents.
    assert!(nightscout.request_count() < 20);
    assert!(nightscout.requests_to("POST", TREATMENTS).len() < 10);
}

#[test]
fn refused_documents_are_found_and_the_rest_is_written() {
    for (version, status) in [
        (Version::V15_0_7, 500),
        (Version::V15_0_6, 500),
        (Version::V15_0_7, 400),
        (Version::V15_0_7, 422),
    ] {
        let nightscout = Nightscout::version(version);
        nightscout.refuse_with(status, |document| {
            matches!(
                document["identifier"].as_str(),
                Some("basal-0" | "basal-7" | "basal-8" | "basal-299")
            )
        });
        let written = write(&site(&nightscout), Treatments, &basals(300)).unwrap();
        assert_eq!(refused(&written), [0, 7, 8, 299], "{version:?} {status}");
        assert_eq!(written.accepted, 296);
        assert!(
            written.refused[0].reason.contains(&status.to_string()),
            "{written:?}"
        );
        assert_eq!(nightscout.treatments().len(), 296);
    }
}

#[test]
fn a_lone_refused_document_is_refused() {
    let nightscout = Nightscout::start();
    nightscout.refuse_with(400, |_| true);
    let written = write(&site(&nightscout), Treatments, &basals(1)).unwrap();
    assert_eq!((written.accepted, refused(&written)), (0, vec![0]));
}

#[test]
fn a_site_that_fails_whatever_it_gets_is_unavailable() {
    for count in [1, 2, 300] {
        let nightscout = Nightscout::start();
        nightscout.refuse(|_| true);
        let text = fails(
            write(&site(&nightscout), Treatments, &basals(count)),
            ExitStatus::Unavailable,
        );
        assert!(text.contains("Mongo"), "{text}");
        assert!(
            nightscout.request_count() <= 10,
            "{}",
            nightscout.request_count()
        );
    }
}

#[test]
fn a_site_that_refuses_whatever_it_gets_is_not_asked_for_ever() {
    let nightscout = Nightscout::start();
    nightscout.refuse_with(422, |_| true);
    fails(
        write(&site(&nightscout), Treatments, &basals(500)),
        ExitStatus::NotUnderstood,
    );
    assert!(
        nightscout.request_count() < 60,
        "{}",
        nightscout.request_count()
    );
}

#[test]
fn every_document_must_be_acknowledged() {
    for answer in [json!([]), json!([{}, {}]), json!({}), json!("ok")] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::on(
            "POST",
            TREATMENTS,
            Times::Always,
            Kind::Json(answer),
        ));
        fails(
            write(&site(&nightscout), Treatments, &basals(3)),
            ExitStatus::NotUnderstood,
        );
    }
}

#[test]
fn a_write_that_was_not_answered_is_sent_again() {
    for kind in [Kind::DropAfterHandling, Kind::Truncate, Kind::status(503)] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::on("POST", TREATMENTS, Times::Nth(1), kind));
        let written = write(&site(&nightscout), Treatments, &basals(20)).unwrap();
        assert_eq!(written.accepted, 20);
        assert_eq!(nightscout.treatments().len(), 20);
    }
}

#[test]
fn a_few_documents_that_a_proxy_gave_up_on_are_sent_again() {
    for kind in [
        Kind::status(504),
        Kind::AfterHandling(Box::new(Kind::status(504))),
    ] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::on("POST", TREATMENTS, Times::First(2), kind));
        let written = write(&site(&nightscout), Treatments, &basals(20)).unwrap();
        assert_eq!(written.accepted, 20);
        assert_eq!(nightscout.treatments().len(), 20);
    }
}

/// The answers after which it is open whether the site took what it was sent; each with the write done, and not.
fn open_answers() -> Vec<(Kind, bool)> {
    let statuses = [429, 502, 503, 504].map(Kind::status);
    let done = statuses
        .clone()
        .map(|kind| Kind::AfterHandling(Box::new(kind)));
    let done = done
        .into_iter()
        .chain([Kind::DropAfterHandling, Kind::Truncate]);
    let not_done = statuses.into_iter().chain([Kind::Drop]);
    done.map(|kind| (kind, true))
        .chain(not_done.map(|kind| (kind, false)))
        .collect()
}

#[test]
fn a_hundred_writes_of_each_kind_that_were_done_and_then_failed_leave_nothing_twice_and_lose_nothing()
 {
    type Held = fn(&Nightscout) -> Vec<Value>;
    let collections: [(_, &str, Held); 4] = [
        (Treatments, "treatments", Nightscout::treatments),
        (Entries, "entries", Nightscout::entries),
        (DeviceStatus, "devicestatus", Nightscout::devicestatuses),
        (Profile, "profile", Nightscout::profiles),
    ];
    for version in [Version::V15_0_7, Version::V14_2_6] {
        for (collection, name, held) in &collections {
            let nightscout = Nightscout::version(version);
            let site = site(&nightscout);
            let path = format!("/api/v1/{name}");
            let answers = open_answers();
            for number in 0..100 {
                let (kind, done) = &answers[number % answers.len()];
                let mut document = basal(number);
                if *collection == Entries {
                    let date = 1_795_382_853_000_i64 + 300_000 * number as i64;
                    let time = chrono::DateTime::from_timestamp_millis(date).expect("a time");
                    document = Map::from_iter([
                        ("type".to_owned(), json!("sgv")),
                        ("sgv".to_owned(), json!(100 + number)),
                        ("date".to_owned(), json!(date)),
                        ("dateString".to_owned(), json!(time.to_rfc3339())),
                        ("identifier".to_owned(), json!(format!("reading-{number}"))),
                    ]);
                }
                document.insert("device".to_owned(), json!("pump"));
                document.insert(
                    "startDate".to_owned(),
                    json!(format!("2026-11-20T{number:04}")),
                );
                nightscout.heal();
                nightscout.clear_requests();
                // A write that was not done gets through the second time.
                let times = if *done { Times::Always } else { Times::Nth(1) };
                nightscout.inject(Fault::on("POST", &path, times, kind.clone()));
                let written = write(&site, *collection, &[document]).unwrap();
                assert_eq!(written.accepted, 1, "{name} {number}: {kind:?}");
                assert_eq!(held(&nightscout).len(), number + 1, "{name}: {kind:?}");
                let sent = nightscout.requests_to("POST", &path).len();
                assert_eq!(sent, if *done { 1 } else { 2 }, "{name}: {kind:?}");
            }
        }
    }
}

#[test]
fn what_cannot_be_found_again_and_would_be_added_twice_is_not_sent_again() {
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on(
        "POST",
        "/api/v1/devicestatus",
        Times::Nth(1),
        Kind::DropAfterHandling,
    ));
    let mut nameless = basal(0);
    nameless.remove("identifier");
    fails(
        write(&site(&nightscout), DeviceStatus, &[nameless]),
        ExitStatus::Unavailable,
    );
    assert_eq!(nightscout.devicestatuses().len(), 1);
}

#[test]
fn a_site_without_careportal_gets_that_advice() {
    let nightscout = Nightscout::with(|settings| settings.careportal = false);
    let text = fails(
        write(&site(&nightscout), Treatments, &basals(1)),
        ExitStatus::NotUnderstood,
    );
    assert!(text.contains("careportal"), "{text}");
}

#[test]
fn a_document_is_replaced_by_its_id_or_identifier() {
    let nightscout = Nightscout::start();
    let site = site(&nightscout);
    write(&site, Treatments, &basals(1)).unwrap();
    let mut longer = basal(0);
    longer.insert("duration".to_owned(), json!(45));
    assert_eq!(
        write(&site, Treatments, std::slice::from_ref(&longer))
            .unwrap()
            .accepted,
        1
    );
    let id = nightscout.treatments()[0]["_id"].clone();
    longer.insert("_id".to_owned(), id);
    longer.insert("duration".to_owned(), json!(50));
    assert_eq!(site.update_by_id(Treatments, &longer).unwrap().accepted, 1);
    let treatments = nightscout.treatments();
    assert_eq!(treatments.len(), 1);
    assert_eq!(treatments[0]["duration"], 50);
    fails(site.update_by_id(Treatments, &basal(0)), ExitStatus::Bug);
}

#[test]
fn what_was_written_before_a_failure_is_known() {
    let nightscout = Nightscout::start();
    let fault = |times, status| Fault::on("POST", TREATMENTS, times, Kind::status(status));
    // Too large; the first half is taken; then the secret is rejected.
    nightscout.inject(fault(Times::Nth(1), 413));
    nightscout.inject(fault(Times::From(3), 401));
    let (written, ended) = site(&nightscout).write(Treatments, &basals(20));
    fails(ended, ExitStatus::CredentialsRejected);
    assert_eq!((written.accepted, written.settled()), (10, 10));
    assert_eq!(stored(&nightscout), (0..10).collect::<Vec<_>>());
}

#[test]
fn documents_are_not_called_refused_where_the_site_fails() {
    let nightscout = Nightscout::start();
    nightscout.inject(Fault::on(
        "POST",
        TREATMENTS,
        Times::Always,
        Kind::status(500),
    ));
    let (written, ended) = site(&nightscout).write(Treatments, &basals(20));
    fails(ended, ExitStatus::Unavailable);
    assert_eq!(written.settled(), 0);
}

#[test]
fn a_server_error_that_passes_costs_no_document() {
    // The first array fails whatever it is repeated; so do the halves and single documents after it, for so long.
    for errors in 0..40 {
        for first_taken in [false, true] {
            let nightscout = Nightscout::start();
            let broken = || Kind::Status(500, Vec::new(), r#"{"status":500}"#.to_owned());
            let fault = |times| Fault::on("POST", TREATMENTS, times, broken());
            nightscout.inject(fault(Times::First(3)));
            if first_taken {
                for number in 5..5 + errors {
                    nightscout.inject(fault(Times::Nth(number)));
                }
            } else {
                nightscout.inject(fault(Times::First(3 + errors)));
            }
            let (written, ended) = site(&nightscout).write(Treatments, &basals(60));
            assert_eq!(refused(&written), [0; 0], "{errors} errors");
            if ended.is_ok() {
                assert_eq!(written.accepted, 60, "{errors} errors");
            } else {
                fails(ended, ExitStatus::Unavailable);
                // What is there is the beginning.
                let there = stored(&nightscout);
                assert_eq!(
                    there,
                    (0..there.len()).collect::<Vec<_>>(),
                    "{errors} errors"
                );
            }
        }
    }
}
