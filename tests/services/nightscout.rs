//! Reading from Nightscout: authentication, queries, paging.

use std::thread;

use chrono::{DateTime, Utc};
use serde_json::json;
use tconnectsync_heroku::failure::ExitStatus;
use tconnectsync_heroku::nightscout::{Collection, GlucoseUnits, Site, SiteVersion};

use super::{basal, fails, limits, site, site_config, write};
use crate::simulator::fault::{Fault, Kind, Times};
use crate::simulator::nightscout::{Nightscout, Version};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

#[test]
fn the_status_tells_version_and_units() {
    let nightscout = Nightscout::with(|settings| {
        settings.version = Version::V14_2_6;
        settings.mmol = true;
        settings.base_path = "/ns".to_owned();
    });
    let status = site(&nightscout).status().unwrap();
    assert_eq!(status.version, SiteVersion(14, 2, 6));
    assert_eq!(status.units, GlucoseUnits::Mmol);
    assert!(status.careportal_enabled && status.server_time.is_some());
}

#[test]
fn a_wrong_secret_is_tried_once_and_reads_need_the_right_one() {
    let nightscout = Nightscout::with(|settings| settings.readable = false);
    assert!(site(&nightscout).status().is_ok());
    for key in ["wrong secret", "uploader-0123456789abcdef"] {
        let config = site_config(&nightscout, key);
        let wrong = Site::new(&config, None, limits()).unwrap();
        let failures = nightscout.auth_failures();
        let text = fails(wrong.status(), ExitStatus::CredentialsRejected);
        assert_eq!(
            text.contains("token:"),
            key.starts_with("uploader"),
            "{text}"
        );
        assert!(!text.contains(key), "{text}");
        assert_eq!(nightscout.auth_failures(), failures + 1);
    }
}

#[test]
fn an_access_token_is_sent_as_it_is() {
    let nightscout = Nightscout::with(|settings| settings.readable = false);
    let token = nightscout.add_token(
        "uploader",
        &["api:treatments:create,read", "api:status:read"],
    );
    let site = Site::new(&site_config(&nightscout, &token), None, limits()).unwrap();
    site.status().unwrap();
    assert_eq!(
        write(&site, Collection::Treatments, &[basal(0)])
            .unwrap()
            .accepted,
        1
    );
    fails(
        write(&site, Collection::DeviceStatus, &[basal(0)]),
        ExitStatus::CredentialsRejected,
    );
}

#[test]
fn every_treatment_of_the_span_is_read_whatever_its_age_and_number() {
    let nightscout = Nightscout::start();
    for minute in 0..1310 {
        nightscout.insert_treatment(basal(minute).into());
    }
    nightscout
        .insert_treatment(json!({"eventType": "Note", "created_at": "2020-01-01T00:00:00.000Z"}));
    let site = site(&nightscout);
    let all = site
        .treatments(time("2026-11-20T00:00:00Z"), None, Some)
        .unwrap();
    assert_eq!(all.len(), 1310);
    assert_eq!(nightscout.request_count(), 1);
    let some = site.treatments(
        time("2026-11-20T01:00:00Z"),
        Some(time("2026-11-20T02:00:00Z")),
        Some,
    );
    assert_eq!(some.unwrap().len(), 61);
}

#[test]
fn more_than_a_page_is_read_page_by_page_without_doubles() {
    let nightscout = Nightscout::start();
    // 12,000 treatments, always eight in the same minute, so that pages end within a minute.
    for number in 0..12_000 {
        nightscout.insert_treatment(basal(number / 8).into());
    }
    let all = site(&nightscout)
        .treatments(time("2026-11-20T00:00:00Z"), None, Some)
        .unwrap();
    assert_eq!(all.len(), 12_000);
    assert_eq!(nightscout.request_count(), 3);
}

#[test]
fn a_site_that_returns_local_times_is_read_alike() {
    let nightscout = Nightscout::with(|settings| settings.de_normalize_dates = true);
    let site = site(&nightscout);
    write(&site, Collection::Treatments, &[basal(90)]).unwrap();
    let newest = site
        .newest_treatment("Pump (tconnectsync)", time("2026-12-01T00:00:00Z"))
        .unwrap();
    assert_eq!(newest, Some(time("2026-11-20T01:30:00Z")));
    assert_eq!(
        site.treatments(time("2026-11-20T01:30:00Z"), None, Some)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_newest_treatment_is_that_of_its_uploader() {
    let nightscout = Nightscout::start();
    let site = site(&nightscout);
    assert_eq!(
        site.newest_treatment("Pump (tconnectsync)", time("2026-12-01T00:00:00Z"))
            .unwrap(),
        None
    );
    write(&site, Collection::Treatments, &[basal(10), basal(20)]).unwrap();
    let mut other = basal(30);
    other.insert("enteredBy".to_owned(), json!("somebody else"));
    write(&site, Collection::Treatments, &[other]).unwrap();
    let newest = site
        .newest_treatment("Pump (tconnectsync)", time("2026-12-01T00:00:00Z"))
        .unwrap();
    assert_eq!(newest, Some(time("2026-11-20T00:20:00Z")));
}

#[test]
fn null_or_nothing_stands_for_a_failed_database() {
    for kind in [Kind::Json(json!(null)), Kind::Empty200] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::always(kind));
        let site = site(&nightscout);
        let from = time("2026-11-20T00:00:00Z");
        let text = fails(site.treatments(from, None, Some), ExitStatus::Unavailable);
        assert!(text.contains("its database does not answer"), "{text}");
        fails(site.entries(from, None, Some), ExitStatus::Unavailable);
        fails(
            site.newest_treatment("x", time("2026-12-01T00:00:00Z")),
            ExitStatus::Unavailable,
        );
        fails(site.newest_device_statuses("x"), ExitStatus::Unavailable);
    }
}

#[test]
fn another_shape_than_a_list_is_not_understood() {
    for kind in [
        Kind::Json(json!({"a": 1})),
        Kind::Html200,
        Kind::status(404),
    ] {
        let nightscout = Nightscout::start();
        nightscout.inject(Fault::always(kind));
        let text = fails(
            site(&nightscout).treatments(time("2026-11-20T00:00:00Z"), None, Some),
            ExitStatus::NotUnderstood,
        );
        assert!(
            text.contains("Nightscout: read treatments") && text.contains("NS_URL"),
            "{text}"
        );
    }
}

#[test]
fn a_site_that_wants_https_gets_that_advice_and_no_second_request() {
    let nightscout = Nightscout::start();
    let secure = nightscout.url().replace("http:", "https:");
    nightscout.inject(Fault::on(
        "GET",
        "/api",
        Times::Nth(1),
        Kind::Redirect(format!("{secure}/api/v1/status.json")),
    ));
    nightscout.inject(Fault::on(
        "GET",
        "/api",
        Times::Nth(2),
        Kind::Redirect("https://example.org/".to_owned()),
    ));
    let site = site(&nightscout);
    let text = fails(site.status(), ExitStatus::Configuration);
    assert!(text.contains("https://"), "{text}");
    fails(site.status(), ExitStatus::NotUnderstood);
    assert_eq!(nightscout.request_count(), 2);
}

#[test]
fn entries_device_statuses_and_profiles_are_read_and_written() {
    let nightscout = Nightscout::start();
    let site = site(&nightscout);
    let document = |value: serde_json::Value| value.as_object().unwrap().clone();
    assert!(site.newest_profiles().unwrap().is_empty());
    assert!(site.newest_device_statuses("pump").unwrap().is_empty());
    let entry = document(json!({
        "type": "sgv", "sgv": 120, "date": 1_795_382_853_000_i64, "dateString": "2026-11-22T16:27:33-05:00", "device": "pump",
    }));
    assert_eq!(
        write(&site, Collection::Entries, &[entry])
            .unwrap()
            .accepted,
        1
    );
    let from = time("2026-11-22T21:27:33Z");
    assert_eq!(site.entries(from, None, Some).unwrap().len(), 1);
    assert_eq!(site.newest_entry("pump").unwrap(), Some(from));
    assert_eq!(site.newest_entry("other").unwrap(), None);
    for minute in [1, 2] {
        let status = document(json!({
            "device": "pump", "created_at": format!("2026-11-20T00:0{minute}:00Z"), "pump": {"reservoir": minute},
        }));
        write(&site, Collection::DeviceStatus, &[status]).unwrap();
    }
    let newest = site.newest_device_statuses("pump").unwrap();
    assert_eq!(newest[0]["pump"]["reservoir"], 2);
    let profile = document(
        json!({"defaultProfile": "A", "startDate": "2026-11-20T00:00:00.000Z", "store": {"A": {}}}),
    );
    write(&site, Collection::Profile, &[profile]).unwrap();
    let mut current = site.newest_profiles().unwrap().remove(0);
    current.insert("defaultProfile".to_owned(), json!("B"));
    assert_eq!(
        site.update_by_id(Collection::Profile, &current)
            .unwrap()
            .accepted,
        1
    );
    let profiles = nightscout.profiles();
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0]["defaultProfile"], "B");
}

#[test]
fn two_threads_may_use_one_site() {
    let nightscout = Nightscout::start();
    let site = site(&nightscout);
    thread::scope(|scope| {
        let status = scope.spawn(|| site.status());
        site.newest_treatment("x", time("2026-12-01T00:00:00Z"))
            .unwrap();
        status.join().unwrap().unwrap();
    });
    assert_eq!(nightscout.request_count(), 2);
}

#[test]
fn no_address_holds_the_secret() {
    let nightscout = Nightscout::start();
    let config = site_config(&nightscout, Nightscout::API_SECRET);
    let site = Site::new(&config, None, limits()).unwrap();
    site.status().unwrap();
    site.treatments(time("2026-11-20T00:00:00Z"), None, Some)
        .unwrap();
    let hash = nightscout.requests()[0]
        .header("api-secret")
        .unwrap()
        .to_owned();
    for request in nightscout.requests() {
        assert!(!request.query.contains(&hash));
    }
}
